/** The layers of a graph in the order in which data flows through them, with what is known of each. */
import type { Graph, GraphNode, NodeInfo, NodeReport, Report } from "@/api/types";
import type { Catalogue } from "./catalogue";

export interface ModelRow {
  node: GraphNode;
  info: NodeInfo;
  /** Output shape for people, such as "B, 64"; empty where it is not known. */
  shape: string;
  parameters: number | null;
  status: NodeReport["status"];
}

const LAYERS = new Set(["layer", "operation"]);

export function modelRows(graph: Graph, types: Catalogue, report: Report | null): ModelRow[] {
  return inOrder(graph).flatMap((node) => {
    const info = types[node.type];
    if (!info || !LAYERS.has(info.kind)) return [];
    const known = report?.nodes[node.id];
    const shape = Object.values(known?.outputs ?? {})[0]?.text ?? "";
    return [{ node, info, shape, parameters: known?.parameters ?? null, status: known?.status ?? "ok" }];
  });
}

/** Nodes after those that feed them; what lies on a cycle comes last, as it stands. */
function inOrder(graph: Graph): GraphNode[] {
  const waiting = new Map(graph.nodes.map((node) => [node.id, 0]));
  for (const edge of graph.edges) waiting.set(edge.target, (waiting.get(edge.target) ?? 0) + 1);
  const ready = graph.nodes.filter((node) => waiting.get(node.id) === 0);
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const after = new Map<string, string[]>();
  for (const { source, target } of graph.edges) after.set(source, [...(after.get(source) ?? []), target]);
  const ordered = new Set<GraphNode>(ready);
  for (const node of ordered) {
    for (const id of after.get(node.id) ?? []) {
      const left = (waiting.get(id) ?? 0) - 1;
      waiting.set(id, left);
      const next = byId.get(id);
      if (left === 0 && next) ordered.add(next);
    }
  }
  for (const node of graph.nodes) ordered.add(node);
  return [...ordered];
}
