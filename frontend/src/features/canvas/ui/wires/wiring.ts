/** Wires drawn by hand: from a port to another, to a node, or to the pane; and wires whose end is moved. */
import type {
  Connection,
  FinalConnectionState,
  HandleType,
  IsValidConnection,
  OnConnectStart,
} from "@xyflow/react";
import {
  fittingPorts,
  type PortRef,
  portKey,
  whyNotConnect,
  whyNotConnectNode,
  wireBetween,
  wireToNode,
} from "@/features/graph/model/connections/connection";
import { remove } from "@/features/graph/model/document";
import { findEnd } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { connectPorts, deleteWire, reconnectWire } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { openQuickAdd, useViewState } from "@/features/graph/store/viewState";
import type { Edge, Graph, Position } from "@/shared/api/types";
import { toast } from "@/shared/store/toast";
import type { WireEdge } from "../flow/view";
import { isGivenUp } from "../gestures/gesture";

const CARDS = ".react-flow__node-card, .react-flow__node-ports";
const typesNow = () => useCatalogue.getState().types;

/** Return the graph into which a wire is drawn: without the wire whose end is moved. */
export function graphFor(old: string | null): Graph {
  const graph = openScope(useGraph.getState());
  return old === null ? graph : remove(graph, new Set(), new Set([old]));
}

function toEdge({ source, sourceHandle, target, targetHandle }: Connection | WireEdge): Edge {
  return { source, source_output: sourceHandle ?? "", target, target_input: targetHandle ?? "" };
}

export const isValid: IsValidConnection<WireEdge> = (connection) =>
  whyNotConnect(
    graphFor(useViewState.getState().drawing?.old ?? null),
    typesNow(),
    toEdge(connection as Connection),
  ) === null;

export function onConnect(connection: Connection): void {
  if (!isGivenUp()) connectPorts(toEdge(connection));
}

export const onConnectStart: OnConnectStart = (_event, { nodeId, handleId, handleType }) => {
  // The start of a moved wire is reported first.
  if (!nodeId || !handleId || !handleType || useViewState.getState().drawing) return;
  draw({ node: nodeId, port: handleId, side: handleType }, null);
};

export function onReconnectStart(_event: unknown, wire: WireEdge, fixed: HandleType): void {
  const from: PortRef =
    fixed === "source"
      ? { node: wire.source, port: wire.sourceHandle ?? "", side: "source" }
      : { node: wire.target, port: wire.targetHandle ?? "", side: "target" };
  draw(from, wire.id);
}

function draw(from: PortRef, old: string | null): void {
  const fits = fittingPorts(graphFor(old), typesNow(), from);
  useViewState.setState({ drawing: { from, fits, old, over: null, aim: null } });
}

/** While a wire is drawn: update the node under the pointer, and its port that would take the wire. */
export function followWire({ target }: { target: EventTarget }): void {
  const { drawing } = useViewState.getState();
  if (!drawing) return;
  const over = nodeAt(target as Element, drawing.from) ?? null;
  if (over === drawing.over) return;
  const edge = over && wireToNode(graphFor(drawing.old), typesNow(), drawing.from, over);
  const aim =
    edge && drawing.from.side === "source"
      ? portKey({ node: edge.target, port: edge.target_input, side: "target" })
      : edge && portKey({ node: edge.source, port: edge.source_output, side: "source" });
  useViewState.setState({ drawing: { ...drawing, over, aim: aim || null } });
}

/** Return the node of an element, unless it is the node of the wire's fixed end. */
function nodeAt(element: Element | null, from: PortRef): string | undefined {
  const id = element?.closest<HTMLElement>(CARDS)?.dataset.id;
  return id === from.node ? undefined : id;
}

/** Connect a wire dropped on a node to its first fitting port; on the pane, offer nodes that fit. */
export function onConnectEnd(event: MouseEvent | TouchEvent, state: FinalConnectionState): void {
  const { drawing } = useViewState.getState();
  if (!drawing || drawing.old !== null) return;
  useViewState.setState({ drawing: null });
  // An undo may have removed the node meanwhile.
  if (state.isValid || isGivenUp() || !findEnd(graphFor(null), drawing.from.node)) return;
  const { from } = drawing;
  const at = locateNode(event);
  const drop = dropOf(at, from, state);
  if (drop.kind === "port" && drop.edge) connectPorts(drop.edge);
  if (drop.kind === "node") {
    const edge = wireToNode(graphFor(null), typesNow(), from, drop.id);
    if (edge) connectPorts(edge);
    else toast.error(whyNotConnectNode(graphFor(null), typesNow(), from, drop.id));
  }
  if (drop.kind === "pane") openQuickAdd({ at, from });
}

export function onReconnect(old: WireEdge, connection: Connection): void {
  if (!isGivenUp()) reconnectWire(old.id, toEdge(connection));
}

/** A wire whose end is dropped on the pane is deleted. */
export function onReconnectEnd(
  event: MouseEvent | TouchEvent,
  wire: WireEdge,
  _fixed: HandleType,
  state: FinalConnectionState,
): void {
  const { drawing } = useViewState.getState();
  useViewState.setState({ drawing: null });
  if (!drawing || state.isValid || isGivenUp()) return;
  const drop = dropOf(locateNode(event), drawing.from, state);
  if (drop.kind === "port" && drop.edge) reconnectWire(wire.id, drop.edge);
  if (drop.kind === "node") {
    const edge = wireToNode(graphFor(wire.id), typesNow(), drawing.from, drop.id);
    if (edge) reconnectWire(wire.id, edge);
    else toast.error(whyNotConnectNode(graphFor(wire.id), typesNow(), drawing.from, drop.id));
  }
  if (drop.kind === "pane") deleteWire(wire.id);
}

type Drop = { kind: "port"; edge: Edge | null } | { kind: "node"; id: string } | { kind: "pane" | "nowhere" };

function locateNode(event: MouseEvent | TouchEvent): Position {
  const { clientX, clientY } =
    "changedTouches" in event ? (event.changedTouches[0] ?? { clientX: 0, clientY: 0 }) : event;
  return { x: clientX, y: clientY };
}

/** Return what an invalid wire was dropped on. */
function dropOf({ x, y }: Position, from: PortRef, { toHandle }: FinalConnectionState): Drop {
  if (toHandle?.id) {
    const to: PortRef = { node: toHandle.nodeId, port: toHandle.id, side: toHandle.type };
    return { kind: "port", edge: wireBetween(from, to) };
  }
  const under = document.elementFromPoint(x, y);
  const id = nodeAt(under, from);
  if (id !== undefined) return { kind: "node", id };
  const isFree = under?.closest(".react-flow__pane") && !under.closest(CARDS);
  return { kind: isFree ? "pane" : "nowhere" };
}
