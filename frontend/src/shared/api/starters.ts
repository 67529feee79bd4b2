import { api, call } from "./client";
import type { Starter, StoredGraph } from "./types";

export async function listStarters(signal?: AbortSignal): Promise<Starter[]> {
  return await call(api.GET("/api/starters", { ...(signal && { signal }) }));
}

/** Makes a new stored graph of a starter, and the data that it learns from. */
export async function createFromStarter(id: string): Promise<StoredGraph> {
  return await call(api.POST("/api/starters/{starter_id}", { params: { path: { starter_id: id } } }));
}
