/** What is dragged from the palette to the canvas. Browsers tell it only when it is let go, so it is noted here. */

import { addFromLibrary, libraryBlock, useLibrary } from "@/features/blocks/store/library";
import { blockInfo } from "@/features/graph/model/blocks/blockInfo";
import { useCanvas } from "@/features/graph/store/canvas";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { addNode } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { BLOCK_DRAG, LIBRARY_DRAG, NODE_DRAG } from "@/features/palette/model/drag";
import type { NodeInfo, Position } from "@/shared/api/types";

export type Carried = readonly [kind: string, data: string];

export function carry(carried: Carried | null): void {
  useCanvas.setState({ carried, opening: null });
}

const recordOf = (id: string) => useLibrary.getState().records.find((record) => record.id === id);

/** The node type that it would become here. */
export function carriedInfo(carried: Carried | null = useCanvas.getState().carried): NodeInfo | undefined {
  const [kind, data] = carried ?? ["", ""];
  const { types } = useCatalogue.getState();
  if (kind === NODE_DRAG) return types[data];
  if (kind === BLOCK_DRAG) return blockInfo(openScope(useGraph.getState()), types, data);
  const record = kind === LIBRARY_DRAG ? recordOf(data) : undefined;
  return record && libraryBlock(record).info;
}

/** Adds it to what is open, into the wire that is marked. */
export function addCarried([kind, data]: Carried, place: Position): void {
  const { opening } = useCanvas.getState();
  const record = kind === LIBRARY_DRAG ? recordOf(data) : undefined;
  if (record) addFromLibrary(record, place, opening);
  else {
    const info = carriedInfo([kind, data]);
    if (info) addNode(info, place, undefined, kind === BLOCK_DRAG ? { block: data } : {}, opening);
  }
  carry(null);
}
