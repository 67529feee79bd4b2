import { api, call } from "./client";
import type { Graph, GraphSummary, GraphVersion, Report, StoredGraph } from "./types";

const one = (id: string) => ({ params: { path: { graph_id: id } } });

export async function listGraphs(signal?: AbortSignal): Promise<GraphSummary[]> {
  return await call(api.GET("/api/graphs", { ...(signal && { signal }) }));
}

/** The graphs that were deleted and can be restored. */
export async function listDeletedGraphs(signal: AbortSignal): Promise<GraphSummary[]> {
  const params = { query: { deleted: true } };
  return await call(api.GET("/api/graphs", { params, signal }));
}

export async function readGraph(id: string, signal?: AbortSignal): Promise<StoredGraph> {
  const options = { ...one(id), ...(signal && { signal }) };
  return await call(api.GET("/api/graphs/{graph_id}", options));
}

export async function createGraph(graph: Graph): Promise<StoredGraph> {
  return await call(api.POST("/api/graphs", { body: graph }));
}

/** Saves a new version, under a name where it has one. Raises ApiError 412 when another one was saved since `version`. */
export async function replaceGraph(
  id: string,
  graph: Graph,
  version: number,
  label = "",
): Promise<StoredGraph> {
  const params = {
    path: { graph_id: id },
    header: { "if-match": `"${version}"` },
    ...(label && { query: { label } }),
  };
  return await call(api.PUT("/api/graphs/{graph_id}", { params, body: graph }));
}

/**
 * Keeps the document beside the stored version, without making a new one; returns the graph's new revision.
 * Raises ApiError 412 when it was changed elsewhere since the revision `base`.
 */
export async function saveDraft(id: string, graph: Graph, base: number | null): Promise<number> {
  const params = { ...one(id).params, query: { base } };
  const kept = await call(api.PUT("/api/graphs/{graph_id}/draft", { params, body: graph }));
  return kept.revision;
}

export async function deleteGraph(id: string): Promise<void> {
  await call(api.DELETE("/api/graphs/{graph_id}", one(id)));
}

/** Restores a deleted graph. */
export async function restoreGraph(id: string): Promise<StoredGraph> {
  return await call(api.POST("/api/graphs/{graph_id}/restore", one(id)));
}

/** All versions, the newest first. */
export async function listVersions(id: string, signal: AbortSignal): Promise<GraphVersion[]> {
  return await call(api.GET("/api/graphs/{graph_id}/versions", { ...one(id), signal }));
}

const oneVersion = (id: string, number: number) => ({
  params: { path: { graph_id: id, version: number } },
});

export async function readVersion(id: string, number: number, signal?: AbortSignal): Promise<Graph> {
  const options = { ...oneVersion(id, number), ...(signal && { signal }) };
  return await call(api.GET("/api/graphs/{graph_id}/versions/{version}", options));
}

/** Gives a version a name. */
export async function labelVersion(id: string, number: number, label: string): Promise<void> {
  await call(
    api.PATCH("/api/graphs/{graph_id}/versions/{version}", { ...oneVersion(id, number), body: { label } }),
  );
}

export async function validateGraph(graph: Graph, signal: AbortSignal): Promise<Report> {
  return await call(api.POST("/api/graphs/validate", { body: graph, signal }));
}
