import {
  ArrowDown,
  ArrowUp,
  ArrowUpToLine,
  FastForward,
  Flame,
  FolderOpen,
  MoreHorizontal,
  Pencil,
  RotateCw,
  Star,
  Trash2,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Run } from "@/api/types";
import { IconButton } from "@/components/ui/IconButton";
import { Menu } from "@/components/ui/Menu";
import { TextField } from "@/components/ui/TextField";
import { cn } from "@/lib/cn";
import { formatAgo, formatDuration, formatInt, formatNumber } from "@/lib/format";
import { metricLabel, tableMetrics } from "@/lib/metrics";
import { FINAL } from "@/lib/runs";
import { describeRun, moveToFront, openRunGraph } from "@/store/runList";
import { runAgain, runWithWeights, showRun, useRuns } from "@/store/runs";
import { openDrawer, selectRuns, useUi } from "@/store/ui";
import { StateBadge } from "./StateBadge";

interface Column {
  title: string;
  value: (run: Run) => number | string | null;
  cell: (run: Run) => ReactNode;
  /** Numbers stand right. */
  text?: boolean;
}

const FIXED: Column[] = [
  { title: "State", text: true, value: (run) => run.state, cell: (run) => <StateBadge state={run.state} /> },
  {
    title: "Epochs",
    value: (run) => run.progress.epoch,
    cell: (run) => `${formatInt(run.progress.epoch)} / ${formatInt(run.progress.epochs)}`,
  },
];
const LAST: Column[] = [
  { title: "Seed", value: (run) => run.seed, cell: (run) => run.seed },
  { title: "Parameters", value: (run) => run.parameters, cell: (run) => formatInt(run.parameters) },
  { title: "Duration", value: (run) => run.duration, cell: (run) => formatDuration(run.duration) },
  {
    title: "Created",
    value: (run) => run.created,
    cell: (run) => (
      <time title={new Date(run.created * 1000).toLocaleString()}>{formatAgo(run.created)}</time>
    ),
  },
];
const NAME: Column = { title: "Run", text: true, value: (run) => run.name.toLowerCase(), cell: () => null };

function metricColumn(key: string): Column {
  const value = (run: Run): number | null => run.metrics[key]?.last ?? null;
  return {
    title: metricLabel(key),
    value,
    cell: (run) => <span title={String(value(run) ?? "")}>{formatNumber(value(run))}</span>,
  };
}

interface Order {
  title: string;
  descending: boolean;
}

interface RunTableProps {
  runs: Run[];
  onDelete: (run: Run) => void;
  onContinue: (run: Run) => void;
}

export function RunTable({ runs, onDelete, onContinue }: RunTableProps) {
  const [order, setOrder] = useState<Order>({ title: "Created", descending: true });
  const columns = [
    NAME,
    ...FIXED,
    ...tableMetrics(runs.map((run) => run.metrics)).map(metricColumn),
    ...LAST,
  ];
  const by = columns.find((column) => column.title === order.title) ?? NAME;
  const sorted = [...runs].sort((a, b) => compare(by.value(a), by.value(b), order.descending));
  return (
    <table className="w-full text-sm">
      <thead className="sticky top-0 z-10 bg-panel text-muted shadow-[0_1px_0_var(--line)]">
        <tr>
          <td className="w-9" />
          <td className="w-7" />
          {columns.map((column) => (
            <Heading key={column.title} column={column} order={order} onOrder={setOrder} />
          ))}
          <td className="w-9" />
        </tr>
      </thead>
      <tbody>
        {sorted.map((run) => (
          <Row
            key={run.id}
            run={run}
            columns={columns.slice(1)}
            onDelete={onDelete}
            onContinue={onContinue}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Runs without a value stand last, whichever way. */
function compare(a: number | string | null, b: number | string | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const less = a < b ? -1 : a > b ? 1 : 0;
  return descending ? -less : less;
}

interface HeadingProps {
  column: Column;
  order: Order;
  onOrder: (order: Order) => void;
}

function Heading({ column, order, onOrder }: HeadingProps) {
  const active = order.title === column.title;
  const Arrow = order.descending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      aria-sort={active ? (order.descending ? "descending" : "ascending") : "none"}
      className={cn("whitespace-nowrap px-2 py-0.5 font-medium", column.text ? "text-left" : "text-right")}
    >
      <button
        type="button"
        className="inline-flex h-6 items-center gap-1 rounded hover:text-text"
        onClick={() =>
          onOrder({ title: column.title, descending: active ? !order.descending : !column.text })
        }
      >
        {column.title}
        {active && <Arrow aria-hidden className="size-3" />}
      </button>
    </th>
  );
}

interface RowProps {
  run: Run;
  columns: Column[];
  onDelete: (run: Run) => void;
  onContinue: (run: Run) => void;
}

function Row({ run, columns, onDelete, onContinue }: RowProps) {
  const selected = useUi((ui) => ui.selectedRunIds.includes(run.id));
  const active = useRuns((store) => store.activeRunId === run.id);
  const [renaming, setRenaming] = useState(false);
  const select = (): void => {
    const ids = useUi.getState().selectedRunIds.filter((id) => id !== run.id);
    selectRuns(selected ? ids : [...ids, run.id]);
  };
  const show = (): void => {
    openDrawer("training");
    void showRun(run.id);
  };
  return (
    <tr className={cn("border-b last:border-0", selected ? "bg-accent-soft" : "hover:bg-raised")}>
      <td className="pl-2">
        <label className="flex size-6 items-center justify-center">
          <input
            type="checkbox"
            aria-label={`Compare ${run.name}`}
            checked={selected}
            onChange={select}
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
      <th scope="row" className="max-w-80 px-2 text-left font-normal">
        {renaming ? (
          <TextField
            autoFocus
            aria-label="Name of the run"
            className="h-6"
            value={run.name}
            onCommit={(name) => void describeRun(run.id, { name })}
            onBlurCapture={() => setRenaming(false)}
          />
        ) : (
          <button
            type="button"
            onClick={show}
            title={run.name}
            className={cn(
              "h-6 max-w-full truncate rounded text-left hover:underline",
              active && "font-semibold",
            )}
          >
            {run.name}
          </button>
        )}
      </th>
      {columns.map((column) => (
        <td
          key={column.title}
          className={cn(
            "whitespace-nowrap px-2",
            !column.text && "text-right font-mono text-xs tabular-nums",
          )}
        >
          {column.cell(run)}
        </td>
      ))}
      <td className="pr-2">
        <Menu
          align="end"
          items={[
            { label: "Open this graph", icon: <FolderOpen />, onSelect: () => void openRunGraph(run) },
            { label: "Run again", icon: <RotateCw />, onSelect: () => void runAgain(run) },
            ...(FINAL.includes(run.state)
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
              ? [{ label: "Start next", icon: <ArrowUpToLine />, onSelect: () => void moveToFront(run) }]
              : []),
            { label: "Rename", icon: <Pencil />, onSelect: () => setTimeout(() => setRenaming(true)) },
            {
              label: "Delete",
              icon: <Trash2 />,
              danger: true,
              separated: true,
              onSelect: () => onDelete(run),
            },
          ]}
        >
          <button
            type="button"
            aria-label={`More for ${run.name}`}
            className="inline-flex size-6 items-center justify-center rounded-md text-muted hover:bg-line hover:text-text"
          >
            <MoreHorizontal className="size-4" />
          </button>
        </Menu>
      </td>
    </tr>
  );
}
