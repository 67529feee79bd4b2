/** What a disabled node passes through, as the server decides it. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import { accepts } from "@/features/graph/model/connections/connection";
import type { Graph, GraphNode } from "@/shared/api/types";

/** Indices of an input and the output that it is passed to. */
export interface PassThrough {
  input: number;
  output: number;
}

/** Return for each output the first connected input of its type; none if one output has no such input. */
export function passThroughOf(graph: Graph, catalogue: Catalogue, node: GraphNode): PassThrough[] {
  const info = infoOf(graph, catalogue, node);
  if (!info) return [];
  const { ports } = shapeOf(info);
  const wired = new Set(
    graph.edges.filter((edge) => edge.target === node.id).map((edge) => edge.target_input),
  );
  // A layer without any wire reads the model's input.
  const fed = (name: string): boolean => wired.size === 0 || wired.has(name);
  const passes = info.outputs.map(({ dtype }, output) => ({
    input: ports.findIndex((port) => accepts(port, dtype) && fed(port.name)),
    output,
  }));
  return passes.some(({ input }) => input < 0) ? [] : passes;
}
