import {
  type ConnectionLineComponentProps,
  getBezierPath,
  useConnection,
  ViewportPortal,
} from "@xyflow/react";
import { type PortRef, portType, refusal, wireBetween } from "@/lib/connection";
import { wireColor } from "@/lib/wires";
import { useCanvas } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { openScope, useGraph } from "@/store/graph";
import type { CanvasNode } from "./flow";

/** The wire that hangs at the pointer, in the colour of its type; red where it cannot be. */
export function DrawnWire(props: ConnectionLineComponentProps<CanvasNode>) {
  const from = useCanvas((state) => state.drawing?.from);
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

/** Says at the pointer why the port under it does not take the wire. */
export function RefusalTip() {
  const from = useCanvas((state) => state.drawing?.from);
  const aim = useConnection(({ inProgress, isValid, toHandle, to }) =>
    inProgress && isValid === false && toHandle
      ? { node: toHandle.nodeId, port: toHandle.id, side: toHandle.type, to }
      : null,
  );
  if (!from || !aim?.port) return null;
  const reason = refusalOf(from, { node: aim.node, port: aim.port, side: aim.side });
  if (!reason) return null;
  return (
    <ViewportPortal>
      <div
        role="alert"
        className="refusal"
        style={{ transform: `translate(${aim.to.x + 14}px, ${aim.to.y + 14}px)` }}
      >
        {reason}
      </div>
    </ViewportPortal>
  );
}

function refusalOf(from: PortRef, to: PortRef): string | null {
  const edge = wireBetween(from, to);
  if (!edge)
    return `A wire runs from an output to an input; both ends are ${from.side === "source" ? "outputs" : "inputs"}.`;
  return refusal(openScope(useGraph.getState()), useCatalogue.getState().types, edge);
}
