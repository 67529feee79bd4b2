/** Navigate along wires with keys. */
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode, useViewState } from "@/features/graph/store/viewState";

/** Select the node after or before the selected one: along the wire of its first connected port. */
export function goAlongWire(way: "forward" | "back"): void {
  const [id] = useViewState.getState().nodes;
  const scope = openScope(useGraph.getState());
  const start = id ?? scope.nodes[0]?.id;
  if (start === undefined) return;
  if (id === undefined) {
    show(start);
    return;
  }
  const info = infoAt(scope, useCatalogue.getState().types, id);
  const ports = way === "forward" ? info?.outputs.map(({ name }) => name) : Object.keys(info?.inputs ?? {});
  const place = (port: string): number => ports?.indexOf(port) ?? 0;
  const [next] = scope.edges
    .filter((edge) => (way === "forward" ? edge.source : edge.target) === id)
    .sort((a, b) =>
      way === "forward"
        ? place(a.source_output) - place(b.source_output)
        : place(a.target_input) - place(b.target_input),
    );
  if (next) show(way === "forward" ? next.target : next.source);
}

/** Select a node, reveal it and give it the focus. */
function show(id: string): void {
  focusNode(id);
  document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus();
}
