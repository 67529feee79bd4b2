import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { plural } from "@/shared/lib/format";
import { SharedParams } from "./params/SharedParams";
import { SelectionActions } from "./SelectionActions";
import { SelectionFigures } from "./SelectionFigures";

/** Several things at once: their types, actions, and shared parameters. */
export function SelectionSummary() {
  const selected = useViewState((state) => state.nodes);
  const edges = useViewState((state) => state.edges.size);
  const scope = useGraph(openScope);
  const nodes = scope.nodes.filter((node) => selected.has(node.id));
  const what = [nodes.length > 0 && plural(nodes.length, "node"), edges > 0 && plural(edges, "wire")]
    .filter(Boolean)
    .join(" and ");
  return (
    <>
      <div className="flex flex-col gap-3 p-3">
        <p>{what} selected</p>
        <SelectionActions count={nodes.length} />
      </div>
      {nodes.length > 0 && <SelectionFigures nodes={nodes} />}
      {nodes.length > 1 && <SharedParams nodes={nodes} />}
    </>
  );
}
