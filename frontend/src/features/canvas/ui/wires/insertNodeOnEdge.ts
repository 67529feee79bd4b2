/** Nodes that are let go over a wire are put into it; Alt prevents that. */

import { fitsIntoWire, insertIntoWire } from "@/features/graph/model/connections/insert";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { paletteDragInfo } from "@/features/palette/store/paletteDrag";
import type { Graph, Position } from "@/shared/api/types";

export function insertNodeOnEdge(graph: Graph, node: string, wire: string): Graph | null {
  return insertIntoWire(graph, useCatalogue.getState().types, node, wire);
}

/** Marks the first wire at these places of the window that takes what is dragged. */
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

/** For a node of the open graph that is dragged: where its card has the pointer, or its title its middle. */
export function markWireForNode(node: string, pointer: Position): void {
  const title = document.querySelector(`.react-flow__node[data-id="${CSS.escape(node)}"] .card-header`);
  const { x, y, width, height } = title?.getBoundingClientRect() ?? new DOMRect();
  const middle = { x: x + width / 2, y: y + height / 2 };
  const graph = openScope(useGraph.getState());
  markWire([pointer, middle], (wire) => insertNodeOnEdge(graph, node, wire) !== null);
}

/** For what is dragged from the palette. */
export function markWireForPaletteDrag(pointer: Position): void {
  const info = paletteDragInfo();
  const graph = openScope(useGraph.getState());
  const { types } = useCatalogue.getState();
  markWire([pointer], (wire) => info !== undefined && fitsIntoWire(graph, types, info, wire));
}

/** The wires at a place of the window, also below whatever lies over them. */
function wiresAt({ x, y }: Position): string[] {
  return document
    .elementsFromPoint(x, y)
    .flatMap((element) => element.closest<SVGElement>(".react-flow__edge")?.dataset.id ?? []);
}
