import {
  BaseEdge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  getSmoothStepPath,
  Position,
} from "@xyflow/react";
import { memo } from "react";
import { PORT_RADIUS } from "@/features/graph/model/card";
import { portType } from "@/features/graph/model/connections/connection";
import { findNode } from "@/features/graph/model/document";
import { routePath, type WireRoute } from "@/features/graph/model/layout/wireRouting";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { cn } from "@/shared/lib/cn";
import { ownValue } from "@/shared/lib/ownValue";
import { wireColor } from "@/shared/lib/wires";
import type { WireEdge } from "../flow/view";

/** Width of one character of a label, in pixels. */
const CHARACTER = 6.7;

/** A wire in its type's colour, with the shape of its data. */
export const Wire = memo(function Wire(props: EdgeProps<WireEdge>) {
  const { id, data, selected, sourceX, sourceY, targetX, targetY } = props;
  const source = data?.edge.source ?? "";
  const output = data?.edge.source_output ?? "";
  const dtype = useWireType(source, output);
  const label = useGraph(
    (state) => ownValue(ownValue(openReport(state)?.nodes, source)?.outputs, output)?.text ?? "",
  );
  const insertionWire = useViewState((canvas) => canvas.insertionWire === id);
  const state = useWireState(source, data?.edge.target ?? "");
  const { path, x, y, room } = wirePath({ sourceX, sourceY, targetX, targetY }, data?.route ?? null);
  const shown = label.length * CHARACTER + 8 <= room && (data?.first ?? true);
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        interactionWidth={18}
        className={cn(
          "wire",
          selected && "wire-selected",
          insertionWire && "wire-insertion",
          `wire-${state}`,
        )}
        style={{ stroke: wireColor(dtype) }}
      />
      {label && (
        <EdgeLabelRenderer>
          <div
            className={cn("wire-label", !shown && !selected && "wire-label-tight")}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)`, color: wireColor(dtype) }}
          >
            {label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

function useWireType(source: string, output: string): string {
  const types = useCatalogue((state) => state.types);
  return useGraph(
    (state) => portType(openScope(state), types, { node: source, port: output, side: "source" }) ?? "ANY",
  );
}

function useWireState(source: string, target: string): "live" | "off" | "blocked" {
  return useGraph((state) => {
    const scope = openScope(state);
    const off = findNode(scope, source)?.disabled || findNode(scope, target)?.disabled;
    if (off) return "off";
    const status = ownValue(openReport(state)?.nodes, source)?.status;
    return status === "blocked" || status === "error" ? "blocked" : "live";
  });
}

interface Ends {
  sourceX: number;
  sourceY: number;
  targetX: number;
  targetY: number;
}

interface Drawn {
  path: string;
  x: number;
  y: number;
  /** The maximum width of a label here. */
  room: number;
}

/** Length of the straight piece at either end of a backward wire. */
const STUB = 18;

/** Return a curve to the right; back to the left a rounded line, through a gap if there is one. */
function wirePath({ sourceX, sourceY, targetX, targetY }: Ends, route: WireRoute | null): Drawn {
  // React Flow ends wires at the outer edge of a port's hit area; they should end at its middle.
  const ends = { sourceX: sourceX - PORT_RADIUS, sourceY, targetX: targetX + PORT_RADIUS, targetY };
  if (route?.ends) {
    const [from, to] = route.ends;
    const path = routePath(route.ends, route.bow);
    return { path, x: (from.x + to.x) / 2 + (route.bow ?? 0), y: (from.y + to.y) / 2, room: 0 };
  }
  const across = ends.targetX - ends.sourceX;
  if (across < 0) return backward(ends, route?.y);
  if (route?.x !== undefined && route.x > ends.sourceX) return intoFrame(ends, route.x);
  const [path, x, y] = getBezierPath({ ...ends, ...SIDES, curvature: 0.3 });
  return { path, x, y, room: across };
}

const SIDES = { sourcePosition: Position.Right, targetPosition: Position.Left };

function backward(ends: Ends, gap: number | undefined): Drawn {
  const [path, x, y] = getSmoothStepPath({
    ...ends,
    ...SIDES,
    borderRadius: 10,
    offset: STUB,
    ...(gap !== undefined && { centerY: gap }),
  });
  return { path, x, y: gap ?? y, room: Math.abs(ends.targetX - ends.sourceX) };
}

/** Bend to the height of its port before it enters the frame, then run straight. */
function intoFrame({ sourceX, sourceY, targetX, targetY }: Ends, edge: number): Drawn {
  const half = (edge - sourceX) / 2;
  const path = `M${sourceX},${sourceY} C${sourceX + half},${sourceY} ${edge - half},${targetY} ${edge},${targetY} L${targetX},${targetY}`;
  return { path, x: (edge + targetX) / 2, y: targetY, room: targetX - edge };
}
