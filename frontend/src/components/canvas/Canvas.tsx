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
import { type DragEvent, type MouseEvent, useEffect, useRef } from "react";
import { CARD, GRID } from "@/lib/card";
import { fittingPorts, refusal, wireToNode } from "@/lib/connection";
import { NODE_DRAG } from "@/lib/drag";
import { openQuickAdd, useCanvas } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { addNode, connectPorts, deleteWire, reconnectWire } from "@/store/editing";
import { useGraph } from "@/store/graph";
import { CanvasControls } from "./CanvasControls";
import { DrawnWire, RefusalTip } from "./DrawnWire";
import { EmptyCanvas } from "./EmptyCanvas";
import { FrameCard } from "./FrameCard";
import type { CanvasNode, WireEdge } from "./flow";
import { NodeCard } from "./NodeCard";
import { PanelOpeners } from "./PanelOpeners";
import { QuickAdd } from "./QuickAdd";
import { applyEdgeChanges, applyNodeChanges, useFlow } from "./useFlow";
import { useSight } from "./useSight";
import { Wire } from "./Wire";

const nodeTypes = { card: NodeCard, frame: FrameCard };
const edgeTypes = { wire: Wire };
const SNAP: [number, number] = [GRID, GRID];
const ZOOM = { min: 0.1, max: 2, titlesOnly: 0.4 } as const;
/** From this size on only what is seen is drawn. */
const LARGE = 150;

export function Canvas() {
  return (
    <ReactFlowProvider>
      <Flow />
      <QuickAdd />
    </ReactFlowProvider>
  );
}

function Flow() {
  const { nodes, edges } = useFlow();
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
    >
      <ReactFlow<CanvasNode, WireEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
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
  const { screenToFlowPosition } = useReactFlow();
  useEffect(() => {
    const middle = () => {
      const box = root.current?.getBoundingClientRect() ?? new DOMRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    useCanvas.setState({ camera: { toDocument: (place) => screenToFlowPosition(place), middle } });
    return () => useCanvas.setState({ camera: null });
  }, [screenToFlowPosition, root]);
}

function toEdge({ source, sourceHandle, target, targetHandle }: Connection | WireEdge) {
  return { source, source_output: sourceHandle ?? "", target, target_input: targetHandle ?? "" };
}

const isValid: IsValidConnection<WireEdge> = (connection) =>
  refusal(useGraph.getState().graph, useCatalogue.getState().types, toEdge(connection as Connection)) ===
  null;

const onConnectStart: OnConnectStart = (_event, { nodeId, handleId, handleType }) => {
  if (!nodeId || !handleId || !handleType) return;
  const from = { node: nodeId, port: handleId, side: handleType };
  const fits = fittingPorts(useGraph.getState().graph, useCatalogue.getState().types, from);
  useCanvas.setState({ drawing: { from, fits } });
};

/** A wire dropped on a node takes its first fitting port; on the pane it asks for a node that fits. */
function onConnectEnd(event: globalThis.MouseEvent | TouchEvent, state: FinalConnectionState): void {
  const from = useCanvas.getState().drawing?.from;
  useCanvas.setState({ drawing: null });
  if (!from || state.isValid) return;
  const { graph } = useGraph.getState();
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
  const nodeId = under?.closest<HTMLElement>(".react-flow__node-card")?.dataset.id;
  if (nodeId && nodeId !== from.node) {
    const edge = wireToNode(graph, types, from, nodeId);
    if (edge) connectPorts(edge);
  } else if (!nodeId && under?.closest(".react-flow__pane, .react-flow__node-frame")) {
    openQuickAdd({ at: { x: clientX, y: clientY }, from });
  }
}

function onDoubleClick(event: MouseEvent): void {
  if (!(event.target as Element).classList.contains("react-flow__pane")) return;
  openQuickAdd({ at: { x: event.clientX, y: event.clientY }, from: null });
}

function onDragOver(event: DragEvent): void {
  if (!event.dataTransfer.types.includes(NODE_DRAG)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}

function onDrop(event: DragEvent): void {
  const info = useCatalogue.getState().types[event.dataTransfer.getData(NODE_DRAG)];
  const { camera } = useCanvas.getState();
  if (!info || !camera) return;
  event.preventDefault();
  const { x, y } = camera.toDocument({ x: event.clientX, y: event.clientY });
  addNode(info, { x: x - CARD.width / 2, y: y - CARD.header / 2 });
}
