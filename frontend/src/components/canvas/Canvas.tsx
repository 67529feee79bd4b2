import {
  Background,
  BackgroundVariant,
  type Connection,
  type FinalConnectionState,
  type IsValidConnection,
  type OnConnectStart,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { type DragEvent, type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from "react";
import type { Position } from "@/api/types";
import { blockInfo } from "@/lib/blockInfo";
import { CARD, GRID } from "@/lib/card";
import { fittingPorts, refusal, wireToNode } from "@/lib/connection";
import { findNode } from "@/lib/document";
import { BLOCK_DRAG, LIBRARY_DRAG, NODE_DRAG } from "@/lib/drag";
import { blockOf } from "@/lib/rewire";
import { openQuickAdd, useCanvas } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { addNode, connectPorts, deleteWire, reconnectWire } from "@/store/editing";
import { openScope, useGraph } from "@/store/graph";
import { addFromLibrary, useLibrary } from "@/store/library";
import { openBlock, pathKey } from "@/store/scope";
import { Breadcrumb } from "./Breadcrumb";
import { CanvasControls } from "./CanvasControls";
import { DrawnWire, RefusalTip } from "./DrawnWire";
import { EmptyCanvas } from "./EmptyCanvas";
import { FrameCard } from "./FrameCard";
import type { CanvasNode, WireEdge } from "./flow";
import { NodeCard } from "./NodeCard";
import { PanelOpeners } from "./PanelOpeners";
import { PortsCard } from "./PortsCard";
import { QuickAdd } from "./QuickAdd";
import { applyEdgeChanges, applyNodeChanges, useFlow } from "./useFlow";
import { useSight } from "./useSight";
import { Wire } from "./Wire";

const nodeTypes = { card: NodeCard, frame: FrameCard, ports: PortsCard };
const edgeTypes = { wire: Wire };
const SNAP: [number, number] = [GRID, GRID];
const ZOOM = { min: 0.1, max: 2, titlesOnly: 0.4 } as const;
/** From this size on only what is seen is drawn. */
const LARGE = 150;

export function Canvas() {
  // Each scope has a canvas of its own: nodes of two scopes may have the same id.
  const scope = useGraph((state) => pathKey(state.path));
  return (
    <div className="flex h-full flex-col">
      <Breadcrumb />
      <div className="min-h-0 grow">
        <ReactFlowProvider key={scope}>
          <Flow scope={scope} />
          <QuickAdd />
        </ReactFlowProvider>
      </div>
    </div>
  );
}

function Flow({ scope }: { scope: string }) {
  const { nodes, edges } = useFlow();
  const [view] = useState(() => useCanvas.getState().views.get(scope));
  const root = useRef<HTMLDivElement>(null);
  useCamera(root);
  useSight();
  const far = useStore((state) => state.transform[2] < ZOOM.titlesOnly);
  return (
    <section
      ref={root}
      aria-label="Graph"
      data-far={far || undefined}
      className="relative h-full bg-canvas"
      onDoubleClick={onDoubleClick}
      onKeyDown={onKeyDown}
    >
      <ReactFlow<CanvasNode, WireEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        {...(view && { defaultViewport: view })}
        onNodesChange={applyNodeChanges}
        onEdgesChange={applyEdgeChanges}
        onConnectStart={onConnectStart}
        onConnectEnd={onConnectEnd}
        onConnect={(connection) => void connectPorts(toEdge(connection))}
        onReconnect={(old, connection) => reconnectWire(old.id, toEdge(connection))}
        onReconnectEnd={(_event, edge, _side, state) => {
          if (!state.toHandle) deleteWire(edge.id);
        }}
        isValidConnection={isValid}
        connectionLineComponent={DrawnWire}
        connectionRadius={26}
        reconnectRadius={14}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={["Shift", "Control", "Meta"]}
        zoomOnDoubleClick={false}
        snapToGrid
        snapGrid={SNAP}
        minZoom={ZOOM.min}
        maxZoom={ZOOM.max}
        onlyRenderVisibleElements={nodes.length > LARGE}
        elevateNodesOnSelect={false}
        onDragOver={onDragOver}
        onDrop={onDrop}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.5} color="var(--dot)" />
        <CanvasControls />
        <RefusalTip />
      </ReactFlow>
      <EmptyCanvas />
      <PanelOpeners />
    </section>
  );
}

/** Lets the rest of the page add nodes where the user looks. */
function useCamera(root: React.RefObject<HTMLDivElement | null>): void {
  const { screenToFlowPosition, getViewport } = useReactFlow();
  useEffect(() => {
    const middle = () => {
      const box = root.current?.getBoundingClientRect() ?? new DOMRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    const camera = {
      toDocument: (place: Position) => screenToFlowPosition(place),
      middle,
      view: () => getViewport(),
    };
    useCanvas.setState({ camera });
    // The canvas of another scope may be there already.
    return () => useCanvas.setState((state) => (state.camera === camera ? { camera: null } : state));
  }, [screenToFlowPosition, getViewport, root]);
}

function toEdge({ source, sourceHandle, target, targetHandle }: Connection | WireEdge) {
  return { source, source_output: sourceHandle ?? "", target, target_input: targetHandle ?? "" };
}

const isValid: IsValidConnection<WireEdge> = (connection) =>
  refusal(openScope(useGraph.getState()), useCatalogue.getState().types, toEdge(connection as Connection)) ===
  null;

const onConnectStart: OnConnectStart = (_event, { nodeId, handleId, handleType }) => {
  if (!nodeId || !handleId || !handleType) return;
  const from = { node: nodeId, port: handleId, side: handleType };
  const fits = fittingPorts(openScope(useGraph.getState()), useCatalogue.getState().types, from);
  useCanvas.setState({ drawing: { from, fits } });
};

/** A wire dropped on a node takes its first fitting port; on the pane it asks for a node that fits. */
function onConnectEnd(event: globalThis.MouseEvent | TouchEvent, state: FinalConnectionState): void {
  const from = useCanvas.getState().drawing?.from;
  useCanvas.setState({ drawing: null });
  if (!from || state.isValid) return;
  const graph = openScope(useGraph.getState());
  const { types } = useCatalogue.getState();
  const { clientX, clientY } =
    "changedTouches" in event ? (event.changedTouches[0] ?? { clientX: 0, clientY: 0 }) : event;
  if (state.toHandle?.id) {
    const to = { node: state.toHandle.nodeId, port: state.toHandle.id, side: state.toHandle.type };
    const ends = from.side === "source" ? [from, to] : [to, from];
    if (from.side !== to.side && ends[0] && ends[1]) {
      connectPorts({
        source: ends[0].node,
        source_output: ends[0].port,
        target: ends[1].node,
        target_input: ends[1].port,
      });
    }
    return;
  }
  const under = document.elementFromPoint(clientX, clientY);
  const nodeId = under?.closest<HTMLElement>(".react-flow__node-card, .react-flow__node-ports")?.dataset.id;
  if (nodeId && nodeId !== from.node) {
    const edge = wireToNode(graph, types, from, nodeId);
    if (edge) connectPorts(edge);
  } else if (!nodeId && under?.closest(".react-flow__pane, .react-flow__node-frame")) {
    openQuickAdd({ at: { x: clientX, y: clientY }, from });
  }
}

/** Enter on a card that has the focus opens its block. */
function onKeyDown(event: KeyboardEvent): void {
  const card = event.target as HTMLElement;
  const id = card.classList.contains("react-flow__node-card") ? card.dataset.id : undefined;
  const node = id === undefined ? undefined : findNode(openScope(useGraph.getState()), id);
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !node || blockOf(node) === undefined) return;
  event.preventDefault();
  openBlock(node.id);
}

function onDoubleClick(event: MouseEvent): void {
  const header = (event.target as Element).closest(".card-header");
  const id = header?.closest<HTMLElement>(".react-flow__node-card")?.dataset.id;
  const node = id === undefined ? undefined : findNode(openScope(useGraph.getState()), id);
  if (node && blockOf(node) !== undefined) openBlock(node.id);
  if (!(event.target as Element).classList.contains("react-flow__pane")) return;
  openQuickAdd({ at: { x: event.clientX, y: event.clientY }, from: null });
}

function onDragOver(event: DragEvent): void {
  if (![NODE_DRAG, BLOCK_DRAG, LIBRARY_DRAG].some((kind) => event.dataTransfer.types.includes(kind))) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}

function onDrop(event: DragEvent): void {
  const { camera } = useCanvas.getState();
  if (!camera) return;
  const { x, y } = camera.toDocument({ x: event.clientX, y: event.clientY });
  const place = { x: x - CARD.width / 2, y: y - CARD.header / 2 };
  const { types } = useCatalogue.getState();
  const scope = openScope(useGraph.getState());
  const [type, block, own] = [NODE_DRAG, BLOCK_DRAG, LIBRARY_DRAG].map((kind) =>
    event.dataTransfer.getData(kind),
  );
  const info = type ? types[type] : block ? blockInfo(scope, types, block) : undefined;
  const record = useLibrary.getState().records.find((one) => one.id === own);
  if (!info && !record) return;
  event.preventDefault();
  if (info) addNode(info, place, undefined, block ? { block } : {});
  else if (record) addFromLibrary(record, place);
}
