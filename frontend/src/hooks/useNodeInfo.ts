import type { GraphNode, NodeInfo } from "@/api/types";
import { infoOf } from "@/lib/blockInfo";
import { useCatalogue } from "@/store/catalogue";
import { openScope, useGraph } from "@/store/graph";

/** What a node of the open scope is: its type, or the block that it stands for. */
export function useNodeInfo(node: GraphNode | undefined): NodeInfo | undefined {
  const types = useCatalogue((state) => state.types);
  return useGraph((state) => node && infoOf(openScope(state), types, node));
}
