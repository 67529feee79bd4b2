/** The layers of a graph in the order in which data flows through them, with what is known of each. */
import type { Graph, GraphNode, NodeInfo, NodeReport, Report } from "@/api/types";
import { infoOf } from "./blockInfo";
import type { Catalogue } from "./catalogue";
import { inFlowOrder } from "./order";

export interface ModelRow {
  node: GraphNode;
  info: NodeInfo;
  /** Output shape for people, such as "B, 64"; empty where it is not known. */
  shape: string;
  parameters: number | null;
  status: NodeReport["status"];
}

const LAYERS = new Set(["layer", "operation", "block"]);

export function modelRows(graph: Graph, types: Catalogue, report: Report | null): ModelRow[] {
  return inFlowOrder(graph).flatMap((node) => {
    const info = infoOf(graph, types, node);
    if (!info || !LAYERS.has(info.kind)) return [];
    const known = report?.nodes[node.id];
    const shape = Object.values(known?.outputs ?? {})[0]?.text ?? "";
    return [{ node, info, shape, parameters: known?.parameters ?? null, status: known?.status ?? "ok" }];
  });
}
