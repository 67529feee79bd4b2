import { api, call } from "./client";
import type { Diagnostic, NodeInfo, UnavailableNode } from "./types";

/** The catalogue of node types, those that the server's torch lacks, and the node files that failed. */
export async function fetchCatalogue(): Promise<{
  types: Record<string, NodeInfo>;
  unavailable: UnavailableNode[];
  diagnostics: Diagnostic[];
}> {
  const [types, unavailable, diagnostics] = await Promise.all([
    call(api.GET("/api/nodes")),
    call(api.GET("/api/nodes/unavailable")),
    call(api.GET("/api/nodes/diagnostics")),
  ]);
  // Without a prototype: a graph may call a type "constructor".
  const known = Object.assign(Object.create(null), types) as Record<string, NodeInfo>;
  return { types: known, unavailable, diagnostics };
}
