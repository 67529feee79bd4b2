import { api, call } from "./client";
import type { DatasetRecord } from "./types";

export async function listDatasets(signal?: AbortSignal): Promise<DatasetRecord[]> {
  return (await call(api.GET("/api/datasets", { ...(signal && { signal }) }))) as DatasetRecord[];
}
