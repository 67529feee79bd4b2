import { api, call } from "./client";
import type { CleanReport, CleanRequest, StorageReport } from "./types";

export async function readStorage(signal?: AbortSignal): Promise<StorageReport> {
  return await call(api.GET("/api/storage", { ...(signal && { signal }) }));
}

/** Performs a clean-up, or returns what it would remove. */
export async function cleanStorage(body: CleanRequest, signal?: AbortSignal): Promise<CleanReport> {
  return await call(api.POST("/api/storage/clean", { body, ...(signal && { signal }) }));
}
