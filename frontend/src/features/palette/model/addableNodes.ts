/** What can be added to the open scope: types of the catalogue, and blocks of the graph. */

import { blockInfo } from "@/features/graph/model/blocks/blockInfo";
import { fitsInBlock } from "@/features/graph/model/blocks/makeBlock";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { BLOCK } from "@/features/graph/model/rewire";
import { openBlock, wouldContainItself } from "@/features/graph/model/scope";
import type { Graph, GraphNode, NodeInfo } from "@/shared/api/types";

export interface AddableNode {
  info: NodeInfo;
  /** The initial parameters of the new node. */
  params: GraphNode["params"];
}

/** Return the types of the catalogue except Block; inside a block only those that fit there. */
export function addableTypes(graph: Graph, catalogue: Catalogue): NodeInfo[] {
  const inside = openBlock(graph) !== undefined;
  return Object.values(catalogue).filter((info) => info.type !== BLOCK && (!inside || fitsInBlock(info)));
}

/** Return the blocks of the graph as nodes to add; inside a block those that do not contain it. */
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
