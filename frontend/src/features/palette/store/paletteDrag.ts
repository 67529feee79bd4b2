/**
 * What is dragged from the palette to the canvas. Browsers reveal it only when it is dropped, so it is stored
 * here.
 */

import { addFromLibrary, libraryBlock, useLibrary } from "@/features/blocks/store/library";
import { blockInfo } from "@/features/graph/model/blocks/blockInfo";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { addNode } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { BLOCK_DRAG, LIBRARY_DRAG, NODE_DRAG } from "@/features/palette/model/dragTypes";
import type { NodeInfo, Position } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

export type PaletteDrag = readonly [kind: string, data: string];

export function setPaletteDrag(paletteDrag: PaletteDrag | null): void {
  useViewState.setState({ paletteDrag, insertionWire: null });
}

const recordOf = (id: string) => useLibrary.getState().records.find((record) => record.id === id);

/** Return the node type that the drag would add here. */
export function paletteDragInfo(
  paletteDrag: PaletteDrag | null = useViewState.getState().paletteDrag,
): NodeInfo | undefined {
  const [kind, data] = paletteDrag ?? ["", ""];
  const { types } = useCatalogue.getState();
  if (kind === NODE_DRAG) return ownValue(types, data);
  if (kind === BLOCK_DRAG) return blockInfo(openScope(useGraph.getState()), types, data);
  const record = kind === LIBRARY_DRAG ? recordOf(data) : undefined;
  return record && libraryBlock(record).info;
}

/** Add the dragged item to the open scope, on the highlighted wire. */
export function addPaletteDrag([kind, data]: PaletteDrag, place: Position): void {
  const { insertionWire } = useViewState.getState();
  const record = kind === LIBRARY_DRAG ? recordOf(data) : undefined;
  if (record) addFromLibrary(record, place, insertionWire);
  else {
    const info = paletteDragInfo([kind, data]);
    if (info) addNode(info, place, undefined, kind === BLOCK_DRAG ? { block: data } : {}, insertionWire);
  }
  setPaletteDrag(null);
}
