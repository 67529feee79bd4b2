import { type NodeProps, useUpdateNodeInternals } from "@xyflow/react";
import { LogIn, LogOut, Plus, X } from "lucide-react";
import { type CSSProperties, memo, useEffect, useState } from "react";
import { removeFromBlock, renameOnBlock } from "@/features/blocks/store/blocks";
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import type { Side } from "@/features/graph/model/blocks/blockPorts";
import { CARD } from "@/features/graph/model/card";
import { shapeOf } from "@/features/graph/model/catalogue";
import { INPUTS, NEW_PORT } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { cn } from "@/shared/lib/cn";
import { NameField } from "@/shared/ui/fields/NameField";
import { IconButton } from "@/shared/ui/IconButton";
import type { PortsNode } from "../flow/view";
import { Port, type PortSpec } from "./Port";

/** The ports of the open block, as seen from inside: inputs provide what enters, outputs take what leaves. */
export const PortsCard = memo(function PortsCard({ id }: NodeProps<PortsNode>) {
  const types = useCatalogue((state) => state.types);
  const info = useGraph((state) => infoAt(openScope(state), types, id));
  const update = useUpdateNodeInternals();
  const side: Side = id === INPUTS ? "inputs" : "outputs";
  const specs: PortSpec[] = info ? (side === "inputs" ? info.outputs : shapeOf(info).ports) : [];
  const names = specs.map((spec) => spec.name).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: React Flow measures the ports again when they change
  useEffect(() => update(id), [names, id, update]);
  const Icon = side === "inputs" ? LogIn : LogOut;
  const title = side === "inputs" ? "Inputs" : "Outputs";
  return (
    <section aria-label={`${title} of the block`} className="card ports-card" style={{ width: CARD.width }}>
      <div
        className="card-header flex items-center gap-2 px-2.5"
        style={{ height: CARD.header, "--category-color": "var(--wire-model)" } as CSSProperties}
      >
        <span className="card-icon">
          <Icon aria-hidden className="size-3.5" />
        </span>
        <div className="leading-tight">
          <div className="font-semibold text-text">{title}</div>
          <div className="text-muted text-xs">of the block</div>
        </div>
      </div>
      <ul style={{ paddingBottom: CARD.pad }}>
        {specs.map((spec) => (
          <Row key={spec.name} node={id} side={side} spec={spec} />
        ))}
      </ul>
    </section>
  );
});

function Row({ node, side, spec }: { node: string; side: Side; spec: PortSpec }) {
  const isNew = spec.name === NEW_PORT;
  const loose = useGraph(
    (state) =>
      !isNew &&
      !openScope(state).edges.some((edge) =>
        side === "inputs"
          ? edge.source === node && edge.source_output === spec.name
          : edge.target === node && edge.target_input === spec.name,
      ),
  );
  return (
    <li
      className={cn(
        "group relative flex items-center gap-1 px-2.5 text-muted text-xs",
        side === "inputs" && "flex-row-reverse",
      )}
      style={{ height: CARD.port }}
    >
      {isNew ? (
        <span className="flex items-center gap-1 px-1">
          <Plus aria-hidden className="size-3" /> draw a wire here
        </span>
      ) : (
        <>
          <Name side={side} name={spec.name} loose={loose} />
          <span className="grow" />
          <IconButton
            size="sm"
            label={`Remove ${side === "inputs" ? "input" : "output"} ${spec.name}`}
            className="nodrag opacity-0 focus-visible:opacity-100 group-hover:opacity-100"
            onClick={() => removeFromBlock(side, spec.name)}
          >
            <X />
          </IconButton>
        </>
      )}
      <Port node={node} side={side === "inputs" ? "source" : "target"} spec={spec} />
    </li>
  );
}

function Name({ side, name, loose }: { side: Side; name: string; loose: boolean }) {
  const [editing, setEditing] = useState(false);
  const what = side === "inputs" ? "input" : "output";
  if (editing) {
    return (
      <NameField
        label={`Name of ${what} ${name}`}
        value={name}
        maxLength={100}
        onCommit={(text) => renameOnBlock(side, name, text)}
        onLeave={() => setEditing(false)}
        className="text-xs"
      />
    );
  }
  return (
    <button
      type="button"
      title={loose ? `${name} has no wire inside` : `Rename ${name}`}
      aria-label={`Rename ${what} ${name}`}
      onClick={() => setEditing(true)}
      className={cn(
        "nodrag h-6 min-w-0 truncate rounded-md px-1 text-text hover:bg-raised",
        loose && "text-warning",
      )}
    >
      {name}
    </button>
  );
}
