/** Graphs with blocks in them. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import type { Block, Graph } from "@/shared/api/types";
import { BLOCK_TYPES, TYPES } from "./catalogue";
import { graphOf } from "./graphs";

export const ALL: Catalogue = { ...TYPES, ...BLOCK_TYPES };

type Nodes = Parameters<typeof graphOf>[0];

/** A definition of these nodes and wires. */
export function blockOf(nodes: Nodes, wires: string[], rest: Partial<Block> = {}): Block {
  const { nodes: list, edges } = graphOf(nodes, ...wires);
  return {
    name: "Block",
    nodes: list,
    edges,
    inputs: {},
    outputs: {},
    params: {},
    groups: [],
    notes: [],
    ...rest,
  };
}

export const ref = (text: string, index: number | null = null) => {
  const [node = "", port = ""] = text.split(".");
  return { node, port, index };
};

/** csv > … enc (a block of two layers) > model; the block "mlp" exposes the width of its layer as "width". */
export function encoderGraph(params: Record<string, number | boolean> = {}): Graph {
  const graph = graphOf(
    {
      enc: { type: "Block", name: "encoder", params: { block: "mlp", ...params } },
      head: "Linear",
      model: "ModelAssembly",
    },
    "enc.output > head.x",
    "head.output > model.layers",
  );
  const mlp = blockOf({ fc: "Linear", act: "ReLU" }, ["fc.output > act.x"], {
    name: "MLP",
    inputs: { input: [ref("fc.x")] },
    outputs: { output: ref("act.output") },
    params: { width: [ref("fc.out_features")] },
  });
  return { ...graph, blocks: { mlp } };
}
