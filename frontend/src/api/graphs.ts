import { api, call } from "./client";
import type { Graph, GraphSummary, Report, StoredGraph } from "./types";

const one = (id: string) => ({ params: { path: { graph_id: id } } });

export async function listGraphs(signal?: AbortSignal): Promise<GraphSummary[]> {
  return (await call(api.GET("/api/graphs", { ...(signal && { signal }) }))) as GraphSummary[];
}

export async function readGraph(id: string): Promise<StoredGraph> {
  return (await call(api.GET("/api/graphs/{graph_id}", one(id)))) as StoredGraph;
}

export async function createGraph(graph: Graph): Promise<StoredGraph> {
  return (await call(api.POST("/api/graphs", { body: graph }))) as StoredGraph;
}

/** Saves a new version. Raises ApiError 412 when somebody saved one since `version`. */
export async function replaceGraph(id: string, graph: Graph, version: number): Promise<StoredGraph> {
  const params = { path: { graph_id: id }, header: { "if-match": `"${version}"` } };
  return (await call(api.PUT("/api/graphs/{graph_id}", { params, body: graph }))) as StoredGraph;
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

export async function validateGraph(graph: Graph, signal: AbortSignal): Promise<Report> {
  return (await call(api.POST("/api/graphs/validate", { body: graph, signal }))) as Report;
}
