import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { useCatalogue } from "./catalogue";
import { openScope, useGraph } from "./graph";

/** Return what a node of the open scope is: its type, or the block that it represents. */
export function useNodeInfo(node: GraphNode | undefined): NodeInfo | undefined {
  const types = useCatalogue((state) => state.types);
  return useGraph((state) => node && infoOf(openScope(state), types, node));
}
