import { api, call } from "./client";
import type { DatasetPreview, DatasetRecord } from "./types";

export async function listDatasets(signal?: AbortSignal): Promise<DatasetRecord[]> {
  return await call(api.GET("/api/datasets", { ...(signal && { signal }) }));
}

export async function previewDataset(
  id: string,
  offset: number,
  limit: number,
  signal: AbortSignal,
): Promise<DatasetPreview> {
  const params = { path: { dataset_id: id }, query: { offset, limit } };
  return await call(api.GET("/api/datasets/{dataset_id}/preview", { params, signal }));
}

export async function deleteDataset(id: string): Promise<void> {
  await call(api.DELETE("/api/datasets/{dataset_id}", { params: { path: { dataset_id: id } } }));
}
