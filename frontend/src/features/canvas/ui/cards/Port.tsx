import { Handle, Position } from "@xyflow/react";
import { type PortRef, portKey } from "@/features/graph/model/connections/connection";
import { useViewState } from "@/features/graph/store/viewState";
import { cn } from "@/shared/lib/cn";
import { typeName } from "@/shared/lib/wires";
import { PortShape } from "@/shared/ui/PortShape";
import { Tooltip } from "@/shared/ui/Tooltip";

export interface PortSpec {
  name: string;
  dtype: string;
  description: string;
  required?: boolean;
}

interface PortProps {
  node: string;
  side: PortRef["side"];
  spec: PortSpec;
  connectable?: boolean;
  /** Offset from the top of its parent, if that is not its middle. */
  top?: number;
}

/** One port: its shape in its colour. While a wire is drawn it glows if the wire fits, and dims otherwise. */
export function Port({ node, side, spec, connectable = true, top }: PortProps) {
  const ref = { node, side, port: spec.name };
  const state = useViewState(({ drawing }) => {
    if (!drawing) return "idle";
    if (portKey(drawing.from) === portKey(ref)) return "from";
    if (drawing.aim === portKey(ref)) return "aim";
    return drawing.fits.has(portKey(ref)) ? "fits" : "dim";
  });
  return (
    <Tooltip side={side === "target" ? "left" : "right"} content={<PortHelp spec={spec} side={side} />}>
      <Handle
        id={spec.name}
        type={side}
        position={side === "target" ? Position.Left : Position.Right}
        isConnectable={connectable}
        className={cn("port", `port-${state}`)}
        {...(top !== undefined && { style: { top } })}
      >
        <PortShape dtype={spec.dtype} />
      </Handle>
    </Tooltip>
  );
}

function PortHelp({ spec, side }: { spec: PortSpec; side: PortRef["side"] }) {
  return (
    <span className="block">
      <span className="font-medium">{spec.name}</span>
      <span className="text-muted">
        {" "}
        {typeName(spec.dtype)}
        {side === "target" && spec.required && ", required"}
      </span>
      {spec.description && <span className="block text-muted">{spec.description}</span>}
    </span>
  );
}
