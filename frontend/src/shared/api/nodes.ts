import { api, call } from "./client";
import type { NodeFileProblem, NodeInfo } from "./types";

/** The catalogue of node types, and the node files that could not be used. */
export async function fetchCatalogue(): Promise<{
  types: Record<string, NodeInfo>;
  problems: NodeFileProblem[];
}> {
  const [types, problems] = await Promise.all([
    call(api.GET("/api/nodes")),
    call(api.GET("/api/nodes/problems")),
  ]);
  // Without a prototype: a graph may call a type "constructor".
  const known = Object.assign(Object.create(null), types) as Record<string, NodeInfo>;
  return { types: known, problems: problems as NodeFileProblem[] };
}
