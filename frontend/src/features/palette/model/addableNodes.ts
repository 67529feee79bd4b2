/** What can be added to what is open: the catalogue's types, and the blocks that the graph has. */

import { blockInfo } from "@/features/graph/model/blocks/blockInfo";
import { fitsInBlock } from "@/features/graph/model/blocks/makeBlock";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { BLOCK } from "@/features/graph/model/rewire";
import { openBlock, wouldContainItself } from "@/features/graph/model/scope";
import type { Graph, GraphNode, NodeInfo } from "@/shared/api/types";

export interface AddableNode {
  info: NodeInfo;
  /** What the new node states from the start. */
  params: GraphNode["params"];
}

/** The types of the catalogue, but for the one that stands for a block; inside a block those that fit there. */
export function addableTypes(graph: Graph, catalogue: Catalogue): NodeInfo[] {
  const inside = openBlock(graph) !== undefined;
  return Object.values(catalogue).filter((info) => info.type !== BLOCK && (!inside || fitsInBlock(info)));
}

/** The blocks of the graph as nodes to add; inside a block those that do not contain it. */
export function addableBlocks(graph: Graph, catalogue: Catalogue): (AddableNode & { id: string })[] {
  return Object.keys(graph.blocks).flatMap((id) => {
    const info = blockInfo(graph, catalogue, id);
    const node: GraphNode = {
      id: "",
      type: BLOCK,
      name: "",
      disabled: false,
      version: 1,
      position: null,
      params: { block: id },
    };
    return info && !wouldContainItself(graph, [node]) ? [{ id, info, params: node.params }] : [];
  });
}

export function addableNodes(graph: Graph, catalogue: Catalogue): AddableNode[] {
  const types = addableTypes(graph, catalogue).map((info) => ({ info, params: {} }));
  return [...types, ...addableBlocks(graph, catalogue)];
}
