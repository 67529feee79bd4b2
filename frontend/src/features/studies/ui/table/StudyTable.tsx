import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useCallback, useMemo } from "react";
import { isUnderWay } from "@/features/studies/model/studies";
import {
  type Column,
  dropped,
  moved,
  sortRows,
  type TableRow,
  type TableSort,
} from "@/features/studies/model/studyTable";
import { firstPair } from "@/features/studies/model/variantPair";
import { compareVariants, patchStudy } from "@/features/studies/store/studies";
import { useStudyCells } from "@/features/studies/store/useStudies";
import type { Study, StudyCell, StudyResults } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { StudyTableRow } from "./StudyTableRow";
import { useRowDrag } from "./useRowDrag";
import type { TableView } from "./useTableView";

interface StudyTableProps {
  study: Study;
  results: StudyResults;
  view: TableView;
  /** The notes below the table. */
  children: ReactNode;
}

const NO_RUNS: string[] = [];

/** Every variant with its values, its difference and its verdict; the baseline stays on top. */
export function StudyTable({ study, results, view, children }: StudyTableProps) {
  const { columns, sort, setSort } = view;
  const { baseline, variants, best } = results;
  const cells = useStudyCells(study.id);
  const runs = useMemo(() => runsByVariant(study, cells), [study, cells]);
  const own = sort.key === "own";
  const { move, compare } = useRowActs(study, results);
  const drag = useRowDrag((key, { key: target, side }) => {
    const order = variants.map((variant) => variant.key);
    const next = dropped(order, key, target, side);
    if (next.join() !== order.join()) void patchStudy(study.id, { order: next });
  });
  const rowOf = (row: StudyResults["baseline"]) => (
    <StudyTableRow
      key={row.key}
      study={study.id}
      row={row}
      columns={columns}
      waits={isUnderWay(results)}
      best={row.key === best}
      runs={runs.get(row.key) ?? NO_RUNS}
      onMove={own ? move : undefined}
      onCompare={compare}
      landing={drag.landing?.key === row.key ? drag.landing.side : undefined}
    />
  );
  return (
    <ScrollRegion label="Variants" className="min-h-0 min-w-0 grow overflow-auto">
      <table className="w-full text-sm">
        <thead className="sticky top-0 z-20 bg-panel text-muted shadow-[0_1px_0_var(--line)]">
          <tr className="h-7">
            {columns.map((column) => (
              <Heading key={column.key} column={column} sort={sort} onSort={setSort} />
            ))}
            <td className="sticky right-0 w-9 bg-panel shadow-[-1px_0_0_var(--line)]" />
          </tr>
        </thead>
        <tbody className="sticky top-7 z-10 shadow-[0_1px_0_var(--line)]">{rowOf(baseline)}</tbody>
        <tbody {...(own && drag.handlers)}>{sortRows(variants, sort).map(rowOf)}</tbody>
      </table>
      <div className="sticky left-0">
        <Extended study={study} />
        {children}
      </div>
    </ScrollRegion>
  );
}

/** The actions of the rows, shared by all of them, so that a row renders only when it changes itself. */
function useRowActs({ id }: Study, results: StudyResults) {
  const move = useCallback(
    (key: string, by: -1 | 1): void => {
      const keys = results.variants.map((variant) => variant.key);
      void patchStudy(id, { order: moved(keys, key, by) });
    },
    [id, results.variants],
  );
  const compare = useCallback((row: TableRow): void => compareVariants(firstPair(results, row)), [results]);
  return { move, compare };
}

/** Ids of the runs of each variant; a variant that equals another one has its runs. */
function runsByVariant({ variants }: Study, cells: StudyCell[]): Map<string, string[]> {
  const trained = new Map<string, string[]>();
  for (const { variant, run } of cells) trained.set(variant, [...(trained.get(variant) ?? []), run]);
  return new Map(variants.map(({ key, same_as }) => [key, trained.get(same_as ?? key) ?? NO_RUNS]));
}

/** What makes the conclusions weaker than planned. */
function Extended({ study: { extended, stopped_early } }: { study: Study }) {
  if (extended.length === 0 && !stopped_early) return null;
  const seeds =
    extended.length === 1 ? `seed ${extended[0]} was added` : `seeds ${extended.join(", ")} were added`;
  return (
    <p className="mx-3 mt-2 w-fit rounded-md bg-warning-soft px-2 py-0.5 text-sm">
      {extended.length > 0 && `Extended after looking: ${seeds}. `}
      {stopped_early && "Stopped before all planned runs had ended."}
    </p>
  );
}

interface HeadingProps {
  column: Column;
  sort: TableSort;
  onSort: (sort: TableSort) => void;
}

function Heading({ column: { key, title, hint, text }, sort, onSort }: HeadingProps) {
  const active = sort.key === key;
  const Arrow = sort.descending ? ArrowDown : ArrowUp;
  // P-values and texts are sorted ascending first, everything else descending.
  const first = !text && !/^p(_|$)/.test(key);
  return (
    <th
      scope="col"
      aria-sort={active ? (sort.descending ? "descending" : "ascending") : "none"}
      className={cn(
        "whitespace-nowrap px-2 py-0.5 font-medium",
        text ? "text-left" : "text-right",
        key === "label" && cn("sticky left-0 z-10 bg-panel", sort.key === "own" ? "pl-7" : "pl-3"),
      )}
    >
      <button
        type="button"
        title={hint ?? title}
        className="inline-flex h-6 items-center gap-1 rounded hover:text-text"
        onClick={() => onSort({ key, descending: active ? !sort.descending : first })}
      >
        {key === "delta" && active ? title.replace("Δ", "|Δ|") : title}
        {active && <Arrow aria-hidden className="size-3 shrink-0" />}
      </button>
    </th>
  );
}
