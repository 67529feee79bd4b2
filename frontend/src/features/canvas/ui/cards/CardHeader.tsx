import { Check, Clock, LoaderCircle, Power } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { nodeItems } from "@/features/commands/ui/menus";
import { unknownReason } from "@/features/graph/model/blocks/blockInfo";
import { CARD } from "@/features/graph/model/card";
import { nodeLabel, renameNode } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { toggleDisabled } from "@/features/graph/store/editing";
import { edit, openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { endRename, startRename, useViewState } from "@/features/graph/store/viewState";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { cn } from "@/shared/lib/cn";
import { formatCount, formatInt } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { NameField } from "@/shared/ui/fields/NameField";
import { IconButton } from "@/shared/ui/IconButton";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import { Tooltip } from "@/shared/ui/Tooltip";
import { TypeIcon } from "@/shared/ui/TypeIcon";
import { useRunState } from "./useRunState";

interface CardHeaderProps {
  node: GraphNode;
  info: NodeInfo | undefined;
  children?: ReactNode;
}

/** Icon, name, type with parameter count, state, power toggle and menu. */
export function CardHeader({ node, info, children }: CardHeaderProps) {
  const parameters = useGraph((state) => ownValue(openReport(state)?.nodes, node.id)?.parameters ?? 0);
  const label = nodeLabel(node);
  const type = info?.display_name ?? node.type;
  return (
    <div
      className="card-header relative flex items-center gap-2 pr-2.5 pl-2.5"
      style={{ height: CARD.header, "--category-color": categoryColor(info) } as CSSProperties}
    >
      <Tooltip side="top" content={<TypeHelp info={info} node={node} />}>
        <span className="card-icon">
          <TypeIcon info={info} className="size-3.5" />
        </span>
      </Tooltip>
      <div className="min-w-0 grow leading-tight">
        <CardName node={node} />
        <div className="flex justify-between gap-2 text-muted text-xs">
          <span className="flex min-w-0 items-center gap-1">
            <span className="truncate">{type === label ? info?.category : type}</span>
            <Repeats node={node} />
          </span>
          {parameters > 0 && (
            <span className="shrink-0 tabular-nums" title={`${formatInt(parameters)} parameters`}>
              {formatCount(parameters)}
            </span>
          )}
        </div>
      </div>
      <RunMark id={node.id} />
      <CardActions node={node} info={info} />
      {children}
    </div>
  );
}

/** Power toggle and menu, over the card's end while it is hovered. */
export function CardActions({ node, info }: { node: GraphNode; info: NodeInfo | undefined }) {
  return (
    <div className="card-actions nodrag">
      <PowerToggle node={node} info={info} />
      <MoreMenuButton label={`More for ${nodeLabel(node)}`} items={() => nodeItems(node.id)} tone="panel" />
    </div>
  );
}

/** The repeat count of a block. */
export function Repeats({ node }: { node: GraphNode }) {
  const repeat = blockOf(node) === undefined ? null : node.params.repeat;
  if (typeof repeat !== "number") return null;
  return (
    <span title={`${repeat} repeats of this block`} className="card-repeat">
      ×{repeat}
    </span>
  );
}

export function CardName({ node }: { node: GraphNode }) {
  const renaming = useViewState((state) => state.renaming === node.id);
  const label = nodeLabel(node);
  if (renaming) {
    return (
      <NameField
        label={`Name of ${label}`}
        value={node.name}
        onCommit={(name) => edit((graph) => renameNode(graph, node.id, name))}
        onLeave={endRename}
      />
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; the menu and F2 do the same
    <div
      className="truncate font-semibold text-text"
      title={label}
      // A double click on a block opens it.
      onDoubleClick={() => blockOf(node) === undefined && startRename(node.id)}
    >
      {label}
    </div>
  );
}

export function TypeHelp({ info, node }: { info: NodeInfo | undefined; node: GraphNode }) {
  const types = useCatalogue((state) => state.types);
  const unknown = useGraph((state) => (info ? "" : unknownReason(openScope(state), types, node)));
  if (!info) return unknown;
  return (
    <span className="block max-w-64 py-0.5">
      <span className="block font-medium">{info.display_name}</span>
      <span className="block text-muted">{info.description}</span>
      {info.formula && <span className="mt-1 block font-mono text-xs">{info.formula}</span>}
      {info.shape_rule && <span className="block font-mono text-muted text-xs">{info.shape_rule}</span>}
    </span>
  );
}

function PowerToggle({ node, info }: { node: GraphNode; info: NodeInfo | undefined }) {
  const fixed = info !== undefined && !info.can_disable;
  const title = fixed
    ? `Cannot be disabled. ${info.disable_reason}`
    : node.disabled
      ? "Enable"
      : "Disable: pass input through";
  return (
    <IconButton
      size="sm"
      side="top"
      label={title}
      keys={fixed ? undefined : "mod+b"}
      aria-disabled={fixed || undefined}
      active={node.disabled}
      onClick={() => toggleDisabled(new Set([node.id]))}
      className={cn(node.disabled && "text-warning")}
    >
      <Power />
    </IconButton>
  );
}

const MARKS = {
  queued: { icon: Clock, text: "Queued", tone: "text-muted" },
  running: { icon: LoaderCircle, text: "Running", tone: "text-accent animate-spin" },
  done: { icon: Check, text: "Done", tone: "text-success" },
} as const;

export function RunMark({ id }: { id: string }) {
  const state = useRunState(id);
  if (state === "idle" || state === "failed") return null;
  const { icon: Icon, text, tone } = MARKS[state];
  return (
    <span title={text} className="shrink-0">
      <Icon aria-label={text} className={cn("size-3.5", tone)} />
    </span>
  );
}
