import {
  ArrowDown,
  ArrowUp,
  Columns2,
  FolderOpen,
  GripVertical,
  History,
  Pencil,
  Recycle,
  SquareMousePointer,
  Star,
} from "lucide-react";
import { type KeyboardEvent, memo, useState } from "react";
import {
  type Column,
  cellText,
  cellTitle,
  isCompared,
  NONE,
  type TableRow,
} from "@/features/studies/model/studyTable";
import { openVariant, patchStudy, selectParts, showStudyRuns } from "@/features/studies/store/studies";
import { cn } from "@/shared/lib/cn";
import { NameField } from "@/shared/ui/fields/NameField";
import type { MenuItem } from "@/shared/ui/Menu";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import { VerdictMark } from "./VerdictMark";

interface StudyTableRowProps {
  /** The id of its study. */
  study: string;
  row: TableRow;
  columns: Column[];
  /** Whether runs are pending: nothing is concluded before they end. */
  waits: boolean;
  /** Ids of its runs. */
  runs: string[];
  best?: boolean;
  onMove?: ((key: string, by: -1 | 1) => void) | undefined;
  /** Compares it with its reference side by side. */
  onCompare: (row: TableRow) => void;
  /** The edge at which a dragged row would land. */
  landing?: "before" | "after" | undefined;
}

const LANDING = {
  before: "[&>*]:shadow-[inset_0_2px_0_var(--accent)]!",
  after: "[&>*]:shadow-[inset_0_-2px_0_var(--accent)]!",
};

/** A variant in the table: F2 renames it. */
export const StudyTableRow = memo(function StudyTableRow({
  study,
  row,
  columns,
  waits,
  runs,
  best = false,
  onMove,
  onCompare,
  landing,
}: StudyTableRowProps) {
  const [renaming, setRenaming] = useState(false);
  const pinned = row.role !== "variant";
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "F2" || renaming) return;
    // The canvas has this key too.
    event.stopPropagation();
    event.preventDefault();
    setRenaming(true);
  };
  return (
    <tr
      onKeyDown={onKeyDown}
      data-row={row.role === "baseline" ? undefined : row.key}
      data-pinned={pinned || undefined}
      className={cn(
        "h-8 border-b",
        pinned ? "bg-raised" : "bg-panel hover:bg-raised",
        landing && LANDING[landing],
      )}
    >
      <th
        scope="row"
        className={cn("sticky left-0 bg-inherit px-2 text-left font-normal", onMove ? "pl-1" : "pl-3")}
      >
        <span className="flex items-center">
          {onMove && <Grip movable={!pinned} />}
          {renaming ? (
            <NameField
              label={`Label of ${row.label}`}
              value={row.label}
              onCommit={(label) => label && void patchStudy(study, { labels: { [row.key]: label } })}
              onLeave={() => setRenaming(false)}
              className="min-w-48"
            />
          ) : (
            <Label row={row} best={best} onRename={() => setRenaming(true)} />
          )}
        </span>
      </th>
      {columns.slice(1).map((column) => (
        <Cell key={column.key} row={row} column={column} waits={waits} />
      ))}
      <td className="sticky right-0 bg-inherit px-1.5 shadow-[-1px_0_0_var(--line)]">
        <MoreMenuButton
          label={`More for ${row.label}`}
          items={() => menu({ study, row, runs, onMove, onCompare, onRename: () => setRenaming(true) })}
        />
      </td>
    </tr>
  );
});

/** The grip of a row; by keyboard, its menu moves it. */
function Grip({ movable }: { movable: boolean }) {
  return (
    <span
      aria-hidden
      draggable={movable}
      data-grip={movable || undefined}
      title={movable ? "Drag to move the row" : undefined}
      className={cn(
        "inline-flex size-6 items-center justify-center rounded text-muted",
        movable && "cursor-grab hover:bg-line hover:text-text",
      )}
    >
      {movable && <GripVertical className="size-3.5" />}
    </span>
  );
}

function Label({ row, best, onRename }: { row: TableRow; best: boolean; onRename: () => void }) {
  const hint = [
    row.label,
    row.how,
    row.reset.length > 0 ? `other initial weights: ${row.reset.join(", ")}` : "",
  ];
  return (
    <span className="flex items-center gap-1.5">
      <button
        type="button"
        title={`${hint.filter(Boolean).join("; ")}. Click to edit the label.`}
        onClick={onRename}
        className={cn(
          "h-6 min-w-28 max-w-64 truncate rounded text-left hover:underline",
          row.role !== "variant" && "font-semibold",
        )}
      >
        {row.label}
      </button>
      {best && (
        <span className="inline-flex items-center gap-1 text-success text-xs">
          <Star aria-hidden className="size-3 fill-current" /> best
        </span>
      )}
    </span>
  );
}

const LATE = "Appears when every planned run has ended.";

function Cell({ row, column, waits }: { row: TableRow; column: Column; waits: boolean }) {
  const compared = isCompared(row);
  const late = column.late === true && compared && waits && row.delta === null;
  return (
    <td
      title={late ? LATE : cellTitle(row, column.key)}
      className={cn(
        "whitespace-nowrap px-2",
        !column.text && "text-right font-mono text-xs tabular-nums",
        column.key === "n" && row.failed > 0 && "font-medium text-warning",
      )}
    >
      {late ? NONE : <CellContent row={row} column={column} />}
    </td>
  );
}

function CellContent({ row, column }: { row: TableRow; column: Column }) {
  if (column.key === "verdict" && isCompared(row)) return <VerdictMark row={row} />;
  const text = cellText(row, column);
  if (column.key === "reused" && text)
    return (
      <span className="inline-flex items-center gap-1">
        <Recycle aria-hidden className="size-3 text-muted" />
        {text}
      </span>
    );
  return text;
}

interface MenuAsks extends Pick<StudyTableRowProps, "study" | "row" | "runs" | "onMove" | "onCompare"> {
  onRename: () => void;
}

function menu({ study, row, runs, onMove, onCompare, onRename }: MenuAsks): MenuItem[] {
  const variant = row.role === "baseline" ? "" : row.key;
  return [
    { label: "Edit the label", icon: <Pencil />, keys: "f2", onSelect: onRename },
    {
      label: "Open its network as a graph",
      icon: <FolderOpen />,
      onSelect: () => void openVariant(study, variant),
    },
    {
      label: row.role === "baseline" ? "Compare with a variant…" : `Compare with ${referenceName(row)}…`,
      icon: <Columns2 />,
      onSelect: () => onCompare(row),
    },
    {
      label: "Show its runs",
      icon: <History />,
      disabled: runs.length === 0,
      reason: "No run has started yet.",
      onSelect: () => void showStudyRuns(study, runs),
    },
    ...(row.parts.length > 0
      ? [
          {
            label: "Select its parts on the canvas",
            icon: <SquareMousePointer />,
            onSelect: () => selectParts(row.parts),
          },
        ]
      : []),
    ...(onMove && row.role === "variant"
      ? [
          { label: "Move up", icon: <ArrowUp />, separated: true, onSelect: () => onMove(row.key, -1) },
          { label: "Move down", icon: <ArrowDown />, onSelect: () => onMove(row.key, 1) },
        ]
      : []),
  ];
}

/** The minimal model ("floor" in studies of version 0.2) or the previous step. */
function referenceName({ reference }: TableRow): string {
  if (reference === null || reference === "baseline") return "the baseline";
  return reference === "minimal" || reference === "floor" ? "the minimal model" : "the previous step";
}
