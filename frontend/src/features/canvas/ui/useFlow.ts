import type { EdgeChange, NodeChange, NodePositionChange } from "@xyflow/react";
import { useMemo, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { noteKey, noteOf } from "@/features/graph/model/annotations";
import { moveNodes } from "@/features/graph/model/document";
import { groupRect, holds, type Rect } from "@/features/graph/model/layout/frames";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { edit, openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { type Size, useViewState } from "@/features/graph/store/viewState";
import type { Graph, Position } from "@/shared/api/types";
import { FlowBuilder } from "./flow/builder";
import {
  type CanvasNode,
  frameKind,
  frameOfNode,
  frameRects,
  groupId,
  isFrame,
  rectsOf,
  type View,
  type WireEdge,
} from "./flow/view";
import { isGivenUp } from "./gestures/gesture";
import { groupUnder, regrouped } from "./gestures/grouping";
import { endHolding, heldPlaces } from "./gestures/snapping";
import { insertNodeOnEdge } from "./wires/insertNodeOnEdge";

/** Return the nodes and wires to draw. */
export function useFlow(): { nodes: CanvasNode[]; edges: WireEdge[] } {
  const graph = useGraph(openScope);
  const report = useGraph(openReport);
  const types = useCatalogue((state) => state.types);
  const view = useViewState(
    useShallow(({ sizes, dragged, nodes, edges, folded }) => ({ sizes, dragged, nodes, edges, folded })),
  );
  const [builder] = useState(() => new FlowBuilder());
  return useMemo(
    () => builder.build({ graph, report, types, ...view }),
    [graph, report, types, view, builder],
  );
}

/** Apply what React Flow measured, moved and selected; positions enter the document when the drag ends. */
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
    if (change.type !== "dimensions" || !change.dimensions || isFrame(change.id) || noteOf(change.id))
      continue;
    sizes ??= new Map(useViewState.getState().sizes);
    sizes.set(change.id, change.dimensions);
  }
  if (sizes) useViewState.setState({ sizes });
}

function applySelection(
  changes: readonly (NodeChange<CanvasNode> | EdgeChange<WireEdge>)[],
  what: "nodes" | "edges",
): void {
  const selected = new Set(useViewState.getState()[what]);
  let changed = false;
  for (const change of changes) {
    if (change.type !== "select" || isFrame(change.id)) continue;
    changed = true;
    if (change.selected) selected.add(change.id);
    else selected.delete(change.id);
  }
  if (changed) useViewState.setState({ [what]: selected });
}

function applyMoves(moves: NodePositionChange[]): void {
  const { dragged: before } = useViewState.getState();
  // React Flow also moves a focused card by keys; here the arrows are commands.
  if (before.size === 0 && !moves.some((move) => move.dragging)) return;
  const cards = new Map<string, Position>();
  const dragged = new Map(before);
  for (const { id, position } of moves) {
    if (!position) continue;
    if (isFrame(id)) moveFrame(id, position, dragged);
    else cards.set(id, position);
  }
  if (cards.size > 0) for (const [id, place] of heldPlaces(cards)) dragged.set(id, place);
  if (moves.some((move) => move.dragging)) {
    useViewState.setState({ dragged, intoGroup: cards.size > 0 ? groupAt(dragged) : null });
  } else {
    endHolding();
    if (!isGivenUp()) putDown(dragged, cards.size > 0);
    useViewState.setState({ dragged: new Map(), insertionWire: null, intoGroup: null });
  }
}

/** Commit a drag to the document: positions, membership in groups, and insertion on the highlighted wire. */
function putDown(dragged: ReadonlyMap<string, Position>, byCards: boolean): void {
  const { insertionWire } = useViewState.getState();
  const [id] = dragged.keys();
  edit((graph) => {
    const moved = moveNodes(graph, dragged);
    const placed = byCards ? regrouped(moved, rectsNow(moved, new Map()), new Set(dragged.keys())) : moved;
    return (
      (insertionWire !== null && id !== undefined && insertNodeOnEdge(placed, id, insertionWire)) || placed
    );
  });
}

function rectsNow(graph: Graph, dragged: ReadonlyMap<string, Position>): Map<string, Rect> {
  const { types } = useCatalogue.getState();
  return rectsOf({ ...useViewState.getState(), graph, report: null, types, dragged });
}

/** Return the group that the first dragged card would join. */
function groupAt(dragged: ReadonlyMap<string, Position>): string | null {
  const graph = openScope(useGraph.getState());
  const [id] = dragged.keys();
  if (graph.groups.length === 0 || id === undefined) return null;
  const under = groupUnder(graph, rectsNow(graph, dragged), id, new Set(dragged.keys()));
  return under && !under.nodes.includes(id) ? under.id : null;
}

/** Move a frame with its nodes and the notes inside it. */
function moveFrame(id: string, to: Position, dragged: Map<string, Position>): void {
  const graph = openScope(useGraph.getState());
  const report = openReport(useGraph.getState());
  const { types } = useCatalogue.getState();
  const view: View = { graph, report, types, ...useViewState.getState(), dragged };
  const rects = rectsOf(view);
  const [kind, group] = [frameKind(id), graph.groups.find((one) => one.id === groupId(id))];
  const from = kind ? frameRects(view, rects).get(kind) : group && groupRect(group, rects);
  if (!from) return;
  for (const node of graph.nodes) {
    const rect = rects.get(node.id);
    if (!rect || !(kind ? frameOfNode(view, node) === kind : group?.nodes.includes(node.id))) continue;
    dragged.set(node.id, { x: rect.x + to.x - from.x, y: rect.y + to.y - from.y });
  }
  for (const note of graph.notes) {
    const { x, y } = dragged.get(noteKey(note.id)) ?? note.position;
    if (!holds(from, { ...note, x, y })) continue;
    dragged.set(noteKey(note.id), { x: x + to.x - from.x, y: y + to.y - from.y });
  }
}
