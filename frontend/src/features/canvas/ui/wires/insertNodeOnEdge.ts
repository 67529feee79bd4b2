/** Nodes that are dropped on a wire are inserted on it; Alt prevents that. */

import { fitsIntoWire, insertIntoWire } from "@/features/graph/model/connections/insert";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { paletteDragInfo } from "@/features/palette/store/paletteDrag";
import type { Graph, Position } from "@/shared/api/types";

export function insertNodeOnEdge(graph: Graph, node: string, wire: string): Graph | null {
  return insertIntoWire(graph, useCatalogue.getState().types, node, wire);
}

/** Highlight the first wire at these window positions that fits. */
function markWire(places: readonly Position[], fits: (wire: string) => boolean): void {
  let insertionWire: string | null = null;
  for (const wire of new Set(places.flatMap(wiresAt))) {
    if (!fits(wire)) continue;
    insertionWire = wire;
    break;
  }
  if (insertionWire !== useViewState.getState().insertionWire) useViewState.setState({ insertionWire });
}

export function unmarkWire(): void {
  if (useViewState.getState().insertionWire !== null) useViewState.setState({ insertionWire: null });
}

/** Highlight the wire under the pointer or under the middle of a dragged node's title. */
export function markWireForNode(node: string, pointer: Position): void {
  const title = document.querySelector(`.react-flow__node[data-id="${CSS.escape(node)}"] .card-header`);
  const { x, y, width, height } = title?.getBoundingClientRect() ?? new DOMRect();
  const middle = { x: x + width / 2, y: y + height / 2 };
  const graph = openScope(useGraph.getState());
  markWire([pointer, middle], (wire) => insertNodeOnEdge(graph, node, wire) !== null);
}

/** Highlight the wire under what is dragged from the palette. */
export function markWireForPaletteDrag(pointer: Position): void {
  const info = paletteDragInfo();
  const graph = openScope(useGraph.getState());
  const { types } = useCatalogue.getState();
  markWire([pointer], (wire) => info !== undefined && fitsIntoWire(graph, types, info, wire));
}

/** Return the wires at a window position, also below other elements. */
function wiresAt({ x, y }: Position): string[] {
  return document
    .elementsFromPoint(x, y)
    .flatMap((element) => element.closest<SVGElement>(".react-flow__edge")?.dataset.id ?? []);
}
