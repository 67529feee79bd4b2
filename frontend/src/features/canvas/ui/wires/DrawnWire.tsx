import {
  type ConnectionLineComponentProps,
  getBezierPath,
  useConnection,
  useStore,
  ViewportPortal,
} from "@xyflow/react";
import {
  type PortRef,
  portType,
  whyNotConnect,
  whyNotConnectNode,
  wireBetween,
} from "@/features/graph/model/connections/connection";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { type Drawing, useViewState } from "@/features/graph/store/viewState";
import { wireColor } from "@/shared/lib/wires";
import type { CanvasNode } from "../flow/view";
import { graphFor } from "./wiring";

/** The wire at the pointer, in the colour of its type; red if it is not possible. */
export function DrawnWire(props: ConnectionLineComponentProps<CanvasNode>) {
  const from = useViewState((state) => state.drawing?.from);
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const { fromX, fromY, toX, toY, fromPosition, toPosition, connectionStatus } = props;
  const [path] = getBezierPath({
    sourceX: fromX,
    sourceY: fromY,
    sourcePosition: fromPosition,
    targetX: toX,
    targetY: toY,
    targetPosition: toPosition,
    curvature: 0.3,
  });
  const color = from ? wireColor(portType(graph, types, from) ?? "ANY") : "var(--muted)";
  return (
    <path
      d={path}
      fill="none"
      strokeWidth={2}
      strokeLinecap="round"
      strokeDasharray={connectionStatus === "invalid" ? "4 5" : undefined}
      stroke={connectionStatus === "invalid" ? "var(--danger)" : color}
    />
  );
}

/** Shows at the pointer why the port or the node under it does not take the wire. */
export function WireReason() {
  const drawing = useViewState((state) => state.drawing);
  const zoom = useStore((state) => state.transform[2]);
  const aim = useConnection(({ inProgress, isValid, toHandle, to }) =>
    inProgress ? { port: isValid === false ? toHandle : null, place: to, valid: isValid === true } : null,
  );
  if (!drawing || !aim || aim.valid) return null;
  const { port, place } = aim;
  const reason = port?.id
    ? whyNotPort(drawing, { node: port.nodeId, port: port.id, side: port.type })
    : drawing.over && !drawing.aim
      ? whyNotConnectNode(graphFor(drawing.old), useCatalogue.getState().types, drawing.from, drawing.over)
      : null;
  if (!reason) return null;
  return (
    <ViewportPortal>
      <div
        role="alert"
        className="wire-reason"
        style={{
          transform: `translate(${place.x}px, ${place.y}px) scale(${1 / zoom}) translate(14px, 14px)`,
        }}
      >
        {reason}
      </div>
    </ViewportPortal>
  );
}

function whyNotPort({ from, old }: Drawing, to: PortRef): string | null {
  const edge = wireBetween(from, to);
  if (!edge)
    return `A wire runs from an output to an input; both ends are ${from.side === "source" ? "outputs" : "inputs"}.`;
  return whyNotConnect(graphFor(old), useCatalogue.getState().types, edge);
}
