import {
  ArrowUpToLine,
  FastForward,
  Flame,
  FolderOpen,
  Pencil,
  RotateCw,
  Star,
  StickyNote,
  Trash2,
} from "lucide-react";
import { type KeyboardEvent, type MouseEvent, memo } from "react";
import { FINAL } from "@/features/runs/model/runs";
import { describeRun, moveToFront, openRunGraph } from "@/features/runs/store/runList";
import { repeatRun, runWithWeights, showRun, useRuns } from "@/features/runs/store/runs";
import type { Run } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { ownValue } from "@/shared/lib/ownValue";
import { openDrawer } from "@/shared/store/ui";
import { IconButton } from "@/shared/ui/IconButton";
import type { MenuItem } from "@/shared/ui/Menu";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import type { RunColumn } from "./columns";
import { TagChips } from "./TagChips";

export const ROW_HEIGHT = 31;
const MOST_TAGS = 2;

/** What a row requests and a dialog of the panel answers. */
export interface RunAsks {
  onDescribe: (run: Run) => void;
  onDelete: (run: Run) => void;
  onContinue: (run: Run) => void;
}

interface RunRowProps extends RunAsks {
  id: string | undefined;
  /** Its position in the whole list. */
  place: number;
  selected: boolean;
  columns: RunColumn[];
  /** Called with true to extend the selection from the last selected row. */
  onChoose: (place: number, stretch: boolean) => void;
}

/** One run of the list, as of its last event; an empty row where it is not loaded yet. */
export const RunRow = memo(function RunRow({ id, place, selected, columns, onChoose, ...asks }: RunRowProps) {
  const run = useRuns((store) => ownValue(store.runs, id ?? ""));
  const active = useRuns((store) => id !== undefined && store.activeRunId === id);
  if (!run) {
    return (
      <tr
        aria-rowindex={place + 2}
        style={{ height: `calc(${ROW_HEIGHT}px * var(--ui-scale))` }}
        className="border-b"
      >
        <td colSpan={columns.length + 3} />
      </tr>
    );
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const answer = { F2: asks.onDescribe, Delete: asks.onDelete }[event.key];
    if (!answer) return;
    // The canvas has these keys too.
    event.stopPropagation();
    event.preventDefault();
    answer(run);
  };
  return (
    <tr
      aria-rowindex={place + 2}
      onKeyDown={onKeyDown}
      style={{ height: `calc(${ROW_HEIGHT}px * var(--ui-scale))` }}
      className={cn("border-b", selected ? "bg-accent-soft" : "bg-panel hover:bg-raised")}
    >
      <td className="pl-2">
        <label className="flex size-6 items-center justify-center">
          <input
            type="checkbox"
            aria-label={`Select ${run.name}`}
            checked={selected}
            onClick={(event: MouseEvent) => onChoose(place, event.shiftKey)}
            onChange={() => {}}
            className="size-4 accent-accent"
          />
        </label>
      </td>
      <td>
        <IconButton
          size="sm"
          label={run.starred ? `Unstar ${run.name}` : `Star ${run.name}`}
          aria-pressed={run.starred}
          onClick={() => void describeRun(run.id, { starred: !run.starred })}
        >
          <Star className={cn(run.starred && "fill-current text-warning")} />
        </IconButton>
      </td>
      <th scope="row" className="sticky left-0 bg-inherit px-2 text-left font-normal">
        <div className="flex items-center gap-1.5">
          <button
            type="button"
            onClick={() => {
              openDrawer("training");
              void showRun(run.id);
            }}
            title={run.name}
            className={cn(
              "h-6 min-w-24 max-w-[55%] shrink-0 truncate rounded text-left hover:underline",
              active && "font-semibold",
            )}
          >
            {run.name}
          </button>
          <TagChips tags={run.tags} most={MOST_TAGS} />
          {run.note && (
            <IconButton
              size="sm"
              tone="row"
              label={`Note of ${run.name}`}
              tip={<span className="line-clamp-6 whitespace-pre-wrap">{run.note}</span>}
              onClick={() => asks.onDescribe(run)}
            >
              <StickyNote aria-hidden />
            </IconButton>
          )}
        </div>
      </th>
      {columns.slice(1).map((column) => (
        <td
          key={column.key}
          className={cn("truncate px-2", !column.text && "text-right font-mono text-xs tabular-nums")}
        >
          {column.cell(run)}
        </td>
      ))}
      <td className="pr-2">
        <MoreMenuButton label={`More for ${run.name}`} items={menu(run, asks)} />
      </td>
    </tr>
  );
});

function menu(run: Run, { onDescribe, onDelete, onContinue }: RunAsks): MenuItem[] {
  const final = FINAL.includes(run.state);
  return [
    { label: "Name, tags and note…", icon: <Pencil />, keys: "f2", onSelect: () => onDescribe(run) },
    { label: "Open this graph", icon: <FolderOpen />, onSelect: () => void openRunGraph(run) },
    { label: "Run again", icon: <RotateCw />, onSelect: () => void repeatRun(run) },
    ...(final
      ? [
          { label: "Train more epochs…", icon: <FastForward />, onSelect: () => onContinue(run) },
          {
            label: "Run the open graph with its weights",
            icon: <Flame />,
            onSelect: () => void runWithWeights(run),
          },
        ]
      : []),
    ...(run.state === "queued"
      ? [{ label: "Start next", icon: <ArrowUpToLine />, onSelect: () => void moveToFront(run.id) }]
      : []),
    {
      label: "Delete…",
      icon: <Trash2 />,
      keys: "delete",
      danger: true,
      separated: true,
      onSelect: () => onDelete(run),
    },
  ];
}
