import { Handle, type NodeProps, Position } from "@xyflow/react";
import { ChevronDown } from "lucide-react";
import { memo } from "react";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { portType } from "@/features/graph/model/connections/connection";
import { findNode, nodeLabel } from "@/features/graph/model/document";
import { FRAMES, type FrameKind, frameOf } from "@/features/graph/model/layout/frames";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { toggleFrame } from "@/features/graph/store/viewState";
import { cn } from "@/shared/lib/cn";
import { formatCount, plural } from "@/shared/lib/format";
import { IconButton } from "@/shared/ui/IconButton";
import { PortShape } from "@/shared/ui/PortShape";
import { FOLDED, type FoldedPort, type FrameNode, foldedHandle } from "../flow/view";

/** One of the three frames: a titled background, or, folded, a small card with the wires that cross its border. */
export const FrameCard = memo(function FrameCard({ data }: NodeProps<FrameNode>) {
  const { kind, ports } = data;
  const title = FRAMES.find((frame) => frame.kind === kind)?.title ?? kind;
  return (
    <div className={cn("frame", ports && "frame-folded")} data-frame={kind}>
      <div className="frame-title">
        <IconButton
          size="sm"
          tone="row"
          label={`${ports ? "Unfold" : "Fold"} ${title}`}
          tip={null}
          aria-expanded={ports === null}
          onClick={() => toggleFrame(kind)}
          className="nodrag"
        >
          <ChevronDown className={cn("transition-transform duration-100", ports && "-rotate-90")} />
        </IconButton>
        <span className="font-semibold text-text">{title}</span>
        <Summary kind={kind} />
      </div>
      {ports && <FoldedPorts ports={ports} />}
    </div>
  );
});

function Summary({ kind }: { kind: FrameKind }) {
  const types = useCatalogue((state) => state.types);
  const count = useGraph(
    (state) =>
      openScope(state).nodes.filter((node) => frameOf(infoOf(openScope(state), types, node)) === kind).length,
  );
  const parameters = useGraph((state) => state.report?.totals.parameters ?? 0);
  return (
    <span className="truncate text-muted text-sm">
      {plural(count, "node")}
      {kind === "model" && parameters > 0 && ` · ${formatCount(parameters)} parameters`}
    </span>
  );
}

/** The ports of a folded frame, by the names of their nodes. */
export function FoldedPorts({ ports }: { ports: FoldedPort[] }) {
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const sides = (["target", "source"] as const).map((side) => ports.filter((port) => port.side === side));
  return (
    <div className="flex justify-between">
      {sides.map((list, index) => (
        <div key={index === 0 ? "in" : "out"} className="min-w-0 flex-1">
          {list.map((port) => (
            <div
              key={foldedHandle(port)}
              className={cn(
                "relative truncate px-3 text-muted text-xs",
                port.side === "source" && "text-right",
              )}
              style={{ height: FOLDED.row, lineHeight: `${FOLDED.row}px` }}
              title={`${labelOf(port.node, graph)}: ${port.port}`}
            >
              {labelOf(port.node, graph)}
              <Handle
                id={foldedHandle(port)}
                type={port.side}
                position={port.side === "target" ? Position.Left : Position.Right}
                isConnectable={false}
                className="port"
              >
                <PortShape dtype={portType(graph, types, port) ?? "ANY"} />
              </Handle>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

function labelOf(id: string, graph: Parameters<typeof findNode>[0]): string {
  const node = findNode(graph, id);
  return node ? nodeLabel(node) : id;
}
