/** Align the selected nodes, or space them evenly: one undo step. */

import { CARD } from "@/features/graph/model/card";
import { moveNodes } from "@/features/graph/model/document";
import { type Arrangement, arranged, LEAST } from "@/features/graph/model/layout/arrange";
import { nodeHeight } from "@/features/graph/model/layout/rows";
import { toast } from "@/shared/store/toast";
import { useCatalogue } from "./catalogue";
import { edit, openScope, useGraph } from "./graph";
import { useViewState } from "./viewState";

export function arrangeSelection(how: Arrangement): void {
  const { nodes: selected, sizes } = useViewState.getState();
  const scope = openScope(useGraph.getState());
  const { types } = useCatalogue.getState();
  const nodes = scope.nodes.flatMap((node) => {
    if (!selected.has(node.id) || !node.position) return [];
    const drawn = { width: CARD.width, height: nodeHeight(scope, types, node) };
    return [{ id: node.id, ...node.position, ...(sizes.get(node.id) ?? drawn) }];
  });
  if (nodes.length < LEAST[how]) toast.info(`Select at least ${LEAST[how]} nodes.`);
  else edit((graph) => moveNodes(graph, arranged(nodes, how)));
}
