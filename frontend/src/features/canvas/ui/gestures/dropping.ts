/** Drags over the canvas: cards, and items of the palette. */
import type { OnNodeDrag } from "@xyflow/react";
import type { DragEvent } from "react";
import { CARD } from "@/features/graph/model/card";
import { useViewState } from "@/features/graph/store/viewState";
import { BLOCK_DRAG, LIBRARY_DRAG, NODE_DRAG } from "@/features/palette/model/dragTypes";
import { addPaletteDrag } from "@/features/palette/store/paletteDrag";
import type { CanvasNode } from "../flow/view";
import { markWireForNode, markWireForPaletteDrag, unmarkWire } from "../wires/insertNodeOnEdge";

const KINDS = [NODE_DRAG, BLOCK_DRAG, LIBRARY_DRAG] as const;

/** Highlight the wire on which a single dragged card would be inserted. */
export const onNodeDrag: OnNodeDrag<CanvasNode> = (event, node, dragged) => {
  const alone = dragged.length === 1 && node.type === "card";
  if ("touches" in event || event.altKey || !alone) unmarkWire();
  else markWireForNode(node.id, { x: event.clientX, y: event.clientY });
};

export function onDragOver(event: DragEvent): void {
  if (!KINDS.some((kind) => event.dataTransfer.types.includes(kind))) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  if (event.altKey) unmarkWire();
  else markWireForPaletteDrag({ x: event.clientX, y: event.clientY });
}

export function onDragLeave(event: DragEvent): void {
  if (!event.currentTarget.contains(event.relatedTarget as Element | null)) unmarkWire();
}

export function onDrop(event: DragEvent): void {
  const { camera } = useViewState.getState();
  const kind = KINDS.find((one) => event.dataTransfer.types.includes(one));
  if (!camera || !kind) return;
  event.preventDefault();
  const { x, y } = camera.toDocument({ x: event.clientX, y: event.clientY });
  const place = { x: Math.round(x - CARD.width / 2), y: Math.round(y - CARD.header / 2) };
  addPaletteDrag([kind, event.dataTransfer.getData(kind)], place);
}
