import type { EdgeChange, NodeChange, NodePositionChange } from "@xyflow/react";
import { useMemo, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import type { Position } from "@/api/types";
import { moveNodes } from "@/lib/document";
import { type Size, useCanvas } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { edit, openReport, openScope, useGraph } from "@/store/graph";
import {
  type CanvasNode,
  FlowBuilder,
  frameKind,
  frameOfNode,
  frameRects,
  rectsOf,
  type View,
  type WireEdge,
} from "./flow";

/** The nodes and wires to draw. */
export function useFlow(): { nodes: CanvasNode[]; edges: WireEdge[] } {
  const graph = useGraph(openScope);
  const report = useGraph(openReport);
  const types = useCatalogue((state) => state.types);
  const view = useCanvas(
    useShallow(({ sizes, dragged, nodes, edges, folded }) => ({ sizes, dragged, nodes, edges, folded })),
  );
  const [builder] = useState(() => new FlowBuilder());
  return useMemo(
    () => builder.build({ graph, report, types, ...view }),
    [graph, report, types, view, builder],
  );
}

/** Takes what React Flow measured, moved and selected; places enter the document when the drag ends. */
export function applyNodeChanges(changes: NodeChange<CanvasNode>[]): void {
  const moves = changes.filter((change) => change.type === "position");
  applySizes(changes);
  applySelection(changes, "nodes");
  if (moves.length > 0) applyMoves(moves);
}

export function applyEdgeChanges(changes: EdgeChange<WireEdge>[]): void {
  applySelection(changes, "edges");
}

function applySizes(changes: NodeChange<CanvasNode>[]): void {
  let sizes: Map<string, Size> | null = null;
  for (const change of changes) {
    if (change.type !== "dimensions" || !change.dimensions || frameKind(change.id)) continue;
    sizes ??= new Map(useCanvas.getState().sizes);
    sizes.set(change.id, change.dimensions);
  }
  if (sizes) useCanvas.setState({ sizes });
}

function applySelection(
  changes: readonly (NodeChange<CanvasNode> | EdgeChange<WireEdge>)[],
  what: "nodes" | "edges",
): void {
  const selected = new Set(useCanvas.getState()[what]);
  let changed = false;
  for (const change of changes) {
    if (change.type !== "select" || frameKind(change.id)) continue;
    changed = true;
    if (change.selected) selected.add(change.id);
    else selected.delete(change.id);
  }
  if (changed) useCanvas.setState({ [what]: selected });
}

function applyMoves(moves: NodePositionChange[]): void {
  const dragged = new Map(useCanvas.getState().dragged);
  for (const { id, position } of moves) {
    if (!position) continue;
    const kind = frameKind(id);
    if (kind) moveFrame(kind, position, dragged);
    else dragged.set(id, position);
  }
  if (moves.some((move) => move.dragging)) {
    useCanvas.setState({ dragged });
  } else {
    edit((graph) => moveNodes(graph, dragged));
    useCanvas.setState({ dragged: new Map() });
  }
}

/** A frame that is dragged takes its nodes along. */
function moveFrame(kind: string, to: Position, dragged: Map<string, Position>): void {
  const graph = openScope(useGraph.getState());
  const report = openReport(useGraph.getState());
  const { types } = useCatalogue.getState();
  const view: View = { graph, report, types, ...useCanvas.getState(), dragged };
  const rects = rectsOf(view);
  const from = [...frameRects(view, rects)].find(([other]) => other === kind)?.[1];
  if (!from) return;
  for (const node of graph.nodes) {
    const rect = rects.get(node.id);
    if (!rect || frameOfNode(view, node) !== kind) continue;
    dragged.set(node.id, { x: rect.x + to.x - from.x, y: rect.y + to.y - from.y });
  }
}
