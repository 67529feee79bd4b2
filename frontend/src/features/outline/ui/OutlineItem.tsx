import { ArrowLeft, ArrowRight, ChevronRight, CircleDashed, Power, TriangleAlert } from "lucide-react";
import { nodeItems } from "@/features/commands/ui/menus";
import { edgeId, nodeLabel, renameNode } from "@/features/graph/model/document";
import { edit, openReport, useGraph } from "@/features/graph/store/graph";
import type { NodeRow, OutlineRow, WireRow } from "@/features/outline/model/outline";
import { categoryColor } from "@/shared/lib/categoryColor";
import { cn } from "@/shared/lib/cn";
import { formatInt } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { NameField } from "@/shared/ui/fields/NameField";
import { IconButton } from "@/shared/ui/IconButton";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import { TypeIcon } from "@/shared/ui/TypeIcon";

interface OutlineItemProps {
  row: OutlineRow;
  selected: boolean;
  /** Whether Tab leads to it. */
  current: boolean;
  renaming: boolean;
  onRenamed: () => void;
  onToggle: () => void;
  onChoose: () => void;
  /** On a double click: show it on the canvas. */
  onOpen: () => void;
}

const INDENT = { 1: "pl-1", 2: "pl-4", 3: "pl-10" } as const;

/** A row of the outline. */
export function OutlineItem(props: OutlineItemProps) {
  const { row, selected, current, renaming, onToggle, onChoose, onOpen } = props;
  const opens = row.kind !== "wire";
  return (
    <div
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.of}
      aria-selected={selected}
      {...(opens && { "aria-expanded": row.open })}
      tabIndex={current ? 0 : -1}
      data-row={row.id}
      data-node={row.kind === "node" ? row.node.id : undefined}
      data-wire={row.kind === "wire" && row.edge ? edgeId(row.edge) : undefined}
      onClick={(event) => !(event.target as Element).closest("button, input") && onChoose()}
      onDoubleClick={(event) => !(event.target as Element).closest("button, input") && onOpen()}
      onKeyDown={() => undefined /* the tree handles all keys */}
      className={cn(
        "group flex min-h-7 items-center gap-1.5 rounded-md pr-1 outline-offset-[-2px]",
        INDENT[row.level],
        selected ? "bg-accent-soft" : "hover:bg-raised",
      )}
    >
      {opens && (
        <IconButton
          size="sm"
          tone="row"
          label={row.open ? "Fold" : "Unfold"}
          tip={null}
          tabIndex={-1}
          aria-hidden
          onClick={onToggle}
        >
          <ChevronRight className={cn(row.open && "rotate-90")} />
        </IconButton>
      )}
      {row.kind === "frame" && (
        <>
          <span className="grow font-medium text-sm">{row.title}</span>
          <span className="pr-1 text-muted text-xs tabular-nums">{formatInt(row.nodes)}</span>
        </>
      )}
      {row.kind === "node" && <NodeLine {...props} row={row} renaming={renaming} />}
      {row.kind === "wire" && <WireLine row={row} />}
    </div>
  );
}

type NodeLineProps = Pick<OutlineItemProps, "renaming" | "onRenamed"> & { row: NodeRow };

function NodeLine({ row: { node, info }, renaming, onRenamed }: NodeLineProps) {
  const status = useGraph((state) => ownValue(openReport(state)?.nodes, node.id)?.status ?? "ok");
  const label = nodeLabel(node);
  const type = info?.display_name ?? node.type;
  if (renaming) {
    return (
      <NameField
        label={`Name of ${label}`}
        value={node.name}
        onCommit={(name) => edit((graph) => renameNode(graph, node.id, name))}
        onLeave={onRenamed}
      />
    );
  }
  return (
    <>
      <span style={{ color: categoryColor(info) }} className="shrink-0">
        <TypeIcon info={info} className="size-4" />
      </span>
      <span className="min-w-0 truncate" title={label}>
        {label}
      </span>
      {type !== label && <span className="min-w-0 shrink-[20] truncate text-muted text-xs">{type}</span>}
      <span className="ml-auto flex shrink-0 items-center gap-1">
        {node.disabled && <Power aria-label="disabled" className="size-3.5 text-warning" />}
        {status === "error" && <TriangleAlert aria-label="has a problem" className="size-3.5 text-danger" />}
        <MoreMenuButton label={`More for ${label}`} items={() => nodeItems(node.id)} onHover tabIndex={-1} />
      </span>
    </>
  );
}

function WireLine({ row: { id, text, edge, required } }: { row: WireRow }) {
  const Icon = edge === null ? CircleDashed : id.startsWith("in:") ? ArrowLeft : ArrowRight;
  return (
    <>
      <Icon aria-hidden className="size-3.5 shrink-0 text-muted" />
      <span className={cn("min-w-0 truncate text-sm", edge === null && "text-muted")}>
        {text}
        {edge === null && required && " (required)"}
      </span>
    </>
  );
}
