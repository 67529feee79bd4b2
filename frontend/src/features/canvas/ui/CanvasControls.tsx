import { MiniMap, Panel, type ReactFlowState, useReactFlow, useStore, useStoreApi } from "@xyflow/react";
import { Maximize, Minus, Plus } from "lucide-react";
import { useRef } from "react";
import { command } from "@/features/commands/store/commands";
import { noteOf } from "@/features/graph/model/annotations";
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { FRAMES, frameOf } from "@/features/graph/model/layout/frames";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { IconButton } from "@/shared/ui/IconButton";
import { type CanvasNode, frameKind, groupId } from "./flow/view";
import { motion } from "./useRevealRequests";

const MINIMAP_FROM = 15;
const STEP = 1.2;
const MINIMAP = { width: 150, height: 105 };

/** Zoom, fit, and a minimap if some of at least fifteen nodes are out of view. */
export function CanvasControls() {
  const zoomTo = useZoom();
  const zoom = useStore((state) => Math.round(state.transform[2] * 100));
  const large = useGraph((state) => openScope(state).nodes.length >= MINIMAP_FROM);
  const partial = useStore(isPartial);
  const fit = command("fit");
  return (
    <>
      <Panel position="bottom-left" className="!m-2">
        <div
          role="toolbar"
          aria-label="Zoom"
          className="flex items-center rounded-lg border bg-panel p-0.5 shadow-card"
        >
          <IconButton size="sm" side="top" label="Zoom out" onClick={() => zoomTo((zoom) => zoom / STEP)}>
            <Minus />
          </IconButton>
          <button
            type="button"
            title="Zoom to 100 %"
            onClick={() => zoomTo(() => 1)}
            className="h-6 w-12 rounded-md text-muted text-sm tabular-nums hover:bg-raised hover:text-text"
          >
            {zoom} %
          </button>
          <IconButton size="sm" side="top" label="Zoom in" onClick={() => zoomTo((zoom) => zoom * STEP)}>
            <Plus />
          </IconButton>
          <IconButton size="sm" side="top" label={fit.title} keys={fit.keys} onClick={() => fit.run()}>
            <Maximize />
          </IconButton>
        </div>
      </Panel>
      {large && partial && (
        <MiniMap<CanvasNode>
          pannable
          zoomable
          ariaLabel="Map of the graph"
          nodeColor={minimapColor}
          nodeBorderRadius={6}
          className="!m-2 overflow-hidden rounded-lg border"
          style={MINIMAP}
          bgColor="var(--panel)"
          maskColor="color-mix(in srgb, var(--canvas) 70%, transparent)"
        />
      )}
    </>
  );
}

/** Zoom relative to the target of the last step, not to the running animation: each of many quick clicks counts. */
function useZoom(): (step: (zoom: number) => number) => void {
  const flow = useReactFlow();
  const limits = useStoreApi();
  const aim = useRef({ zoom: 1, until: 0 });
  return (step) => {
    const { minZoom, maxZoom } = limits.getState();
    const from = performance.now() < aim.current.until ? aim.current.zoom : flow.getZoom();
    const zoom = Math.min(maxZoom, Math.max(minZoom, step(from)));
    aim.current = { zoom, until: performance.now() + motion() };
    void flow.zoomTo(zoom, { duration: motion() });
  };
}

/** Whether a node is outside the view. */
function isPartial({ nodeLookup, transform: [x, y, zoom], width, height }: ReactFlowState): boolean {
  for (const { internals, measured } of nodeLookup.values()) {
    const left = internals.positionAbsolute.x * zoom + x;
    const top = internals.positionAbsolute.y * zoom + y;
    const right = left + (measured.width ?? 0) * zoom;
    if (left < 0 || top < 0 || right > width || top + (measured.height ?? 0) * zoom > height) return true;
  }
  return false;
}

const FRAME_COLORS = {
  data: "var(--wire-dataset)",
  model: "var(--wire-layer)",
  training: "var(--wire-result)",
};

function minimapColor({ id }: CanvasNode): string {
  if (groupId(id) !== null) return "transparent";
  if (noteOf(id) !== null) return "var(--warning-soft)";
  const kind = frameKind(id);
  if (kind) return `color-mix(in srgb, ${FRAME_COLORS[kind]} 12%, var(--panel))`;
  const frame = frameOf(infoAt(openScope(useGraph.getState()), useCatalogue.getState().types, id));
  return FRAME_COLORS[FRAMES.find(({ kind }) => kind === frame)?.kind ?? "training"];
}
