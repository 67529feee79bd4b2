import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { tableMetrics } from "@/features/runs/model/metrics";
import { chooseStretch, sortRuns, toggleRun, useRunFilter } from "@/features/runs/store/runList";
import { useRunIds } from "@/features/runs/store/useRunList";
import { cn } from "@/shared/lib/cn";
import { factorOf, selectRuns, useUi } from "@/shared/store/ui";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { type RunColumn, runColumns } from "./columns";
import { ROW_HEIGHT, type RunAsks, RunRow } from "./RunRow";

const NAME_WIDTH = 360;
const [BOX_WIDTH, STAR_WIDTH, MENU_WIDTH] = [36, 28, 36];

interface RunTableProps extends RunAsks {
  total: number;
  /** Ids of the first runs, and the metrics that they have. */
  first: string[];
  metrics: string[];
}

/** All runs that match; only visible ones are drawn, and loaded when they become visible. */
export function RunTable({ total, first, metrics, ...asks }: RunTableProps) {
  const { filter, sort } = useRunFilter();
  const frame = useRef<HTMLElement>(null);
  const row = ROW_HEIGHT * useUi(factorOf);
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => frame.current,
    estimateSize: () => row,
    overscan: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list starts at its top
  useEffect(() => {
    frame.current?.scrollTo({ top: 0 });
  }, [filter, sort]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured again
  useEffect(() => rows.measure(), [row]);

  const shown = rows.getVirtualItems();
  const [from, to] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0];
  const idAt = useRunIds(from, to);
  const selectedIds = useUi((ui) => ui.selectedRunIds);
  const isSelected = useMemo(() => new Set(selectedIds), [selectedIds]);
  const columns = useMemo(() => {
    const sorted = sort.key.startsWith("metrics.") ? [sort.key.slice("metrics.".length)] : [];
    const known = tableMetrics([Object.fromEntries(metrics.map((key) => [key, true]))]);
    return runColumns([...new Set([...known, ...sorted])]);
  }, [metrics, sort.key]);

  const last = useRef<number | null>(null);
  const idOf = useRef(idAt);
  idOf.current = idAt;
  const onChoose = useMemo(
    () =>
      (place: number, stretch: boolean): void => {
        const id = idOf.current(place);
        if (stretch && last.current !== null) void chooseStretch(last.current, place);
        else if (id !== undefined) toggleRun(id);
        last.current = place;
      },
    [],
  );
  const allFirst = first.length > 0 && first.every((id) => isSelected.has(id));
  const width = columns.reduce(
    (sum, column) => sum + (column.width ?? NAME_WIDTH),
    BOX_WIDTH + STAR_WIDTH + MENU_WIDTH,
  );
  return (
    <ScrollRegion ref={frame} label="List of runs" className="min-h-0 grow overflow-auto">
      <table aria-rowcount={total + 1} className="w-full table-fixed text-sm" style={{ minWidth: width }}>
        <colgroup>
          <col style={{ width: BOX_WIDTH }} />
          <col style={{ width: STAR_WIDTH }} />
          {columns.map((column) => (
            <col key={column.key} style={{ width: column.width }} />
          ))}
          <col style={{ width: MENU_WIDTH }} />
        </colgroup>
        <thead className="sticky top-0 z-10 bg-panel text-muted shadow-[0_1px_0_var(--line)]">
          <tr aria-rowindex={1}>
            <td className="pl-2">
              <label className="flex size-6 items-center justify-center">
                <input
                  type="checkbox"
                  aria-label={`Select the first ${first.length}`}
                  title={`Select the first ${first.length}`}
                  checked={allFirst}
                  onChange={() => selectRuns(allFirst ? [] : [...new Set([...selectedIds, ...first])])}
                  className="size-4 accent-accent"
                />
              </label>
            </td>
            <td />
            {columns.map((column) => (
              <Heading key={column.key} column={column} />
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          <Spacer height={shown[0]?.start ?? 0} />
          {shown.map(({ index }) => {
            const id = idAt(index);
            return (
              <RunRow
                key={index}
                id={id}
                place={index}
                selected={id !== undefined && isSelected.has(id)}
                columns={columns}
                onChoose={onChoose}
                {...asks}
              />
            );
          })}
          <Spacer height={rows.getTotalSize() - (shown.at(-1)?.end ?? 0)} />
        </tbody>
      </table>
    </ScrollRegion>
  );
}

/** Takes the height of the rows that are not drawn. */
function Spacer({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden style={{ height }}>
      <td />
    </tr>
  );
}

function Heading({ column }: { column: RunColumn }) {
  const sort = useRunFilter((state) => state.sort);
  const active = sort.key === column.key;
  const Arrow = sort.descending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      aria-sort={active ? (sort.descending ? "descending" : "ascending") : "none"}
      className={cn(
        "px-2 py-0.5 font-medium",
        column.text ? "text-left" : "text-right",
        column.width === undefined && "sticky left-0 bg-panel",
      )}
    >
      <button
        type="button"
        title={column.title}
        className="inline-flex h-6 max-w-full items-center gap-1 rounded hover:text-text"
        onClick={() => sortRuns({ key: column.key, descending: active ? !sort.descending : !column.text })}
      >
        <span className="truncate">{column.title}</span>
        {active && <Arrow aria-hidden className="size-3 shrink-0" />}
      </button>
    </th>
  );
}
