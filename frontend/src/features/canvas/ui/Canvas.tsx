import { Background, BackgroundVariant, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import { type KeyboardEvent, type MouseEvent, Suspense, useRef, useState } from "react";
import { useFind } from "@/features/canvas/store/find";
import { GRID } from "@/features/graph/model/card";
import { findNode } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { openBlock, pathKey } from "@/features/graph/store/scope";
import { openQuickAdd, useViewState } from "@/features/graph/store/viewState";
import { useOverlay } from "@/features/studies/store/overlay";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { Breadcrumb } from "./Breadcrumb";
import { CanvasControls } from "./CanvasControls";
import { CanvasMenu } from "./CanvasMenu";
import { FrameCard } from "./cards/FrameCard";
import { GroupCard } from "./cards/GroupCard";
import { NodeCard } from "./cards/NodeCard";
import { NoteCard } from "./cards/NoteCard";
import { PortsCard } from "./cards/PortsCard";
import { EmptyCanvas } from "./EmptyCanvas";
import type { CanvasNode, WireEdge } from "./flow/view";
import { Guides, InsertHint } from "./gestures/DragHints";
import { onDragLeave, onDragOver, onDrop, onNodeDrag } from "./gestures/dropping";
import { useEscape } from "./gestures/useEscape";
import { LARGE, OverviewContext, useTitlesOnly } from "./overview/levelOfDetail";
import { OverviewWires } from "./overview/OverviewWires";
import { PanelOpeners } from "./PanelOpeners";
import { QuickAdd } from "./QuickAdd";
import { useCamera } from "./useCamera";
import { applyEdgeChanges, applyNodeChanges, useFlow } from "./useFlow";
import { useRevealRequests } from "./useRevealRequests";
import { DrawnWire, WireReason } from "./wires/DrawnWire";
import { Wire } from "./wires/Wire";
import {
  followWire,
  isValid,
  onConnect,
  onConnectEnd,
  onConnectStart,
  onReconnect,
  onReconnectEnd,
  onReconnectStart,
} from "./wires/wiring";

const StudyOverlay = lazyNamed(() => import("./overview/StudyOverlay"), "StudyOverlay");
const FindBar = lazyNamed(() => import("./FindBar"), "FindBar");

const nodeTypes = { card: NodeCard, frame: FrameCard, grouping: GroupCard, note: NoteCard, ports: PortsCard };
const edgeTypes = { wire: Wire };
const SNAP: [number, number] = [GRID, GRID];
const NO_WIRES: WireEdge[] = [];
const ZOOM = { min: 0.05, max: 2 } as const;

export function Canvas() {
  // Each scope has its own canvas: nodes of two scopes may have the same id.
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
  const [view] = useState(() => useViewState.getState().views.get(scope));
  const root = useRef<HTMLDivElement>(null);
  useCamera(root);
  useRevealRequests();
  useEscape();
  const overlaid = useOverlay((state) => state.study !== null);
  const searching = useFind((state) => state.open);
  const titlesOnly = useTitlesOnly();
  const large = nodes.length > LARGE;
  const overview = titlesOnly && large;
  return (
    <CanvasMenu root={root}>
      <section
        ref={root}
        aria-label="Graph"
        data-titles-only={titlesOnly || undefined}
        className="relative h-full bg-canvas"
        onDoubleClick={onDoubleClick}
        onKeyDown={onKeyDown}
        onPointerMove={followWire}
      >
        <OverviewContext value={overview}>
          <ReactFlow<CanvasNode, WireEdge>
            nodes={nodes}
            edges={overview ? NO_WIRES : edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            {...(view && { defaultViewport: view })}
            onNodesChange={applyNodeChanges}
            onNodeDrag={onNodeDrag}
            onEdgesChange={applyEdgeChanges}
            onConnectStart={onConnectStart}
            onConnectEnd={onConnectEnd}
            onConnect={onConnect}
            onReconnectStart={onReconnectStart}
            onReconnect={onReconnect}
            onReconnectEnd={onReconnectEnd}
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
            onlyRenderVisibleElements={large}
            elevateNodesOnSelect={false}
            onMoveStart={() => root.current?.setAttribute("data-moving", "")}
            onMoveEnd={() => root.current?.removeAttribute("data-moving")}
            onDragOver={onDragOver}
            onDragLeave={onDragLeave}
            onDrop={onDrop}
          >
            <Background variant={BackgroundVariant.Dots} gap={20} size={1.5} color="var(--dot)" />
            <CanvasControls />
            <WireReason />
            <Guides />
            {overview && <OverviewWires nodes={nodes} />}
            {overlaid && (
              <Suspense fallback={null}>
                <StudyOverlay />
              </Suspense>
            )}
          </ReactFlow>
        </OverviewContext>
        <InsertHint />
        {searching && (
          <Suspense fallback={null}>
            <FindBar />
          </Suspense>
        )}
        <EmptyCanvas />
        <PanelOpeners />
      </section>
    </CanvasMenu>
  );
}

/** Open the block of the focused card with Enter. */
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
  const wire = (event.target as Element).closest<SVGElement>(".react-flow__edge")?.dataset.id;
  if (wire === undefined && !(event.target as Element).classList.contains("react-flow__pane")) return;
  openQuickAdd({ at: { x: event.clientX, y: event.clientY }, from: null, ...(wire && { into: wire }) });
}
