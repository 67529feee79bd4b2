/** The table of a study: the text of its cells and the order of its rows. */

import type { StudyArm, StudyResults, StudyRow } from "@/shared/api/types";
import { formatDuration, formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";

export type TableRow = StudyArm | StudyRow;

/** Beyond these sizes, decimals are meaningless. */
const [LEAST_FIXED, MOST_FIXED] = [1e-6, 1e7];
const MOST_DECIMALS = 8;

export const NONE = "–";

/** A value with a number of decimals and a real minus sign. */
export function fixed(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  const size = Math.abs(value);
  const plain = size === 0 || (size < MOST_FIXED && (size >= LEAST_FIXED || decimals <= MOST_DECIMALS));
  const text = plain && decimals <= MOST_DECIMALS ? value.toFixed(decimals) : formatNumber(value);
  // What rounds to zero has no sign.
  return Number(text) === 0 ? text.replace("-", "") : text.replaceAll("-", "−");
}

/** The same with its sign in front. */
export function signed(value: number | null | undefined, decimals: number): string {
  const text = fixed(value, decimals);
  return value !== null && value !== undefined && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** "0.9123 ± 0.0045". */
export function meanSd(mean: number | null, sd: number | null, decimals?: number): string {
  const show = (value: number | null): string =>
    decimals === undefined ? formatNumber(value).replaceAll("-", "−") : fixed(value, decimals);
  if (mean === null) return NONE;
  return sd === null ? show(mean) : `${show(mean)} ± ${show(sd)}`;
}

/** "[−0.0012, 0.0034]", or nothing. */
export function interval(ci: readonly number[] | null, decimals: number): string {
  return ci ? `[${fixed(ci[0], decimals)}, ${fixed(ci[1], decimals)}]` : "";
}

export function pValue(p: number | null | undefined): string {
  if (p === null || p === undefined) return NONE;
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** "5", "3 of 5" while it is training, "9 of 10, 1 failed". */
export function runsOf({ n, planned, failed }: Pick<StudyArm, "n" | "planned" | "failed">): string {
  const some = n === planned ? String(n) : `${n} of ${planned}`;
  return failed > 0 ? `${n} of ${planned}, ${failed} failed` : some;
}

/** "4 of 5": pairs in which the variant is worse (ties count as ½). */
export function worseIn({ p_worse, pairs }: Pick<StudyRow, "p_worse" | "pairs">): string {
  if (p_worse === null || !pairs) return NONE;
  return `${Number((p_worse * pairs).toFixed(1))} of ${pairs}`;
}

/** Whether a row is compared with another one. */
export const isCompared = (row: TableRow): row is StudyRow => "delta" in row && row.reference !== null;

/** What a row can be sorted and shown by: a fixed name, "param.…" or "secondary.…". */
export type ColumnKey = string;

/** Sorted by this column; "own" is the order that the study has. */
export interface TableSort {
  key: ColumnKey;
  descending: boolean;
}

type Sortable = number | string | null;

const VALUES: Record<string, (row: StudyRow) => Sortable> = {
  label: (row) => row.label,
  mean: (row) => row.mean,
  n: (row) => row.n,
  delta: (row) => (row.delta === null ? null : Math.abs(row.delta)),
  p_t_holm: (row) => row.p_t_holm,
  p_t: (row) => row.p_t,
  p: (row) => row.p,
  p_holm: (row) => row.p_holm,
  effect_size: (row) => row.effect_size,
  worse: (row) => row.p_worse,
  verdict: (row) => row.verdict,
  parameters: (row) => row.parameters,
  flops: (row) => row.flops,
  seconds: (row) => row.seconds,
  reused: (row) => row.reused,
  batched: (row) => row.batched,
  how: (row) => row.how,
};

function sortValue(row: StudyRow, key: ColumnKey): Sortable {
  if (key.startsWith("param.")) {
    const value = ownValue(row.params, key.slice("param.".length));
    return typeof value === "number" || typeof value === "string"
      ? value
      : value === undefined
        ? null
        : String(value);
  }
  if (key.startsWith("secondary."))
    return ownValue(row.secondary, key.slice("secondary.".length))?.[0] ?? null;
  return ownValue(VALUES, key)?.(row) ?? null;
}

/** Sort rows by a column, those without a value last; the minimal model, as a reference, stays first. */
export function sortRows(rows: readonly StudyRow[], { key, descending }: TableSort): StudyRow[] {
  const minimal = rows.filter((row) => row.role === "minimal");
  const others = rows.filter((row) => row.role !== "minimal");
  if (key !== "own") others.sort((a, b) => order(sortValue(a, key), sortValue(b, key), descending));
  return [...minimal, ...others];
}

function order(a: Sortable, b: Sortable, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const up =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true });
  return descending ? -up : up;
}

/** The initial sort: steps in their order, a search by its metric, else by |Δ|. */
export function firstSort(kind: string, direction: StudyResults["direction"]): TableSort {
  if (kind === "cumulative") return { key: "own", descending: false };
  if (kind === "random" || kind === "optuna") return { key: "mean", descending: direction === "maximize" };
  return { key: "delta", descending: true };
}

/** The keys of variants with one of them moved up or down by one position. */
export function moved(keys: readonly string[], key: string, by: -1 | 1): string[] {
  const from = keys.indexOf(key);
  const to = from + by;
  if (from < 0 || to < 0 || to >= keys.length) return [...keys];
  const next = [...keys];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** The keys of variants with one of them dropped before or after another one. */
export function dropped(
  keys: readonly string[],
  key: string,
  target: string,
  side: "before" | "after",
): string[] {
  if (key === target || !keys.includes(key) || !keys.includes(target)) return [...keys];
  const next = keys.filter((one) => one !== key);
  next.splice(next.indexOf(target) + (side === "after" ? 1 : 0), 0, key);
  return next;
}

export interface Column {
  key: ColumnKey;
  title: string;
  /** The tooltip of the header. */
  hint?: string;
  /** Shown by default. */
  shown: boolean;
  /** Compared and tested: a dash until every planned run has ended. */
  late?: boolean;
  text?: boolean;
}

const FIRST: Column[] = [
  { key: "n", title: "n", hint: "Runs that ended with a value", shown: true },
  {
    key: "delta",
    title: "Δ [95 % CI]",
    hint: "Mean difference over the pairs of equal seeds, with the 95 % confidence interval of the paired t",
    shown: true,
    late: true,
  },
  {
    key: "p_t_holm",
    title: "p (Holm)",
    hint: "Paired t test, corrected by Holm over the variants",
    shown: true,
    late: true,
  },
  {
    key: "worse",
    title: "Worse in",
    hint: "Pairs in which the variant is worse (ties count as ½)",
    shown: true,
    late: true,
  },
  { key: "verdict", title: "Verdict", shown: true, late: true, text: true },
];
const COSTS: Column[] = [
  { key: "parameters", title: "Parameters", shown: true },
  {
    key: "flops",
    title: "FLOPs",
    hint: "Floating-point operations of one forward pass of one row",
    shown: true,
  },
  { key: "seconds", title: "Time", hint: "Mean training time", shown: true },
  { key: "reused", title: "Reused", hint: "Runs reused from earlier studies", shown: true },
];
const MORE: Column[] = [
  { key: "p_t", title: "p (t)", hint: "Paired t test, not corrected", shown: false, late: true },
  { key: "p", title: "p (sign-flip)", hint: "Exact sign-flip test, not corrected", shown: false, late: true },
  {
    key: "p_holm",
    title: "p (sign-flip, Holm)",
    hint: "Exact sign-flip test, corrected by Holm",
    shown: false,
    late: true,
  },
  {
    key: "effect_size",
    title: "Effect size dz",
    hint: "Hedges' dz; very large where seeds barely vary",
    shown: false,
    late: true,
  },
  { key: "batched", title: "Batched", hint: "Runs that were trained in a seed batch", shown: false },
  { key: "how", title: "Change", shown: false, text: true },
];
/** A part was replaced: shown by default. */
const INSTEAD = /^zero|; zero|→ \d/;
const TESTS = new Set(["p_t_holm", "worse", "verdict", "p_t", "p", "p_holm", "effect_size"]);

/** Every column of the table of these results, in order. `search`: without tests. */
export function columnsOf(
  results: StudyResults,
  search: boolean,
  labelOf: (metric: string) => string,
): Column[] {
  const rows: TableRow[] = [results.baseline, ...results.variants];
  const params = [...new Set(rows.flatMap((row) => Object.keys(row.params)))];
  const others = [...new Set(rows.flatMap((row) => Object.keys(row.secondary)))];
  const tested = (column: Column): boolean => !search || !TESTS.has(column.key);
  return [
    { key: "label", title: "Variant", shown: true, text: true },
    { key: "mean", title: labelOf(results.metric), hint: "Mean ± sd over the seeds", shown: true },
    ...FIRST.filter(tested).map((column) =>
      search && column.key === "delta"
        ? { ...column, title: "Δ", hint: "Mean difference from the baseline; a search is not tested" }
        : column,
    ),
    ...params.map((param) => ({ key: `param.${param}`, title: param, shown: search })),
    ...COSTS,
    ...MORE.filter(tested).map((column) =>
      column.key === "how" && rows.some(({ how }) => INSTEAD.test(how)) ? { ...column, shown: true } : column,
    ),
    ...others.map((metric) => ({
      key: `secondary.${metric}`,
      title: labelOf(metric),
      hint: "Mean ± sd over the seeds; not tested",
      shown: false,
    })),
  ];
}

const CELLS: Record<string, (row: StudyRow) => string> = {
  n: runsOf,
  delta: (row) => [signed(row.delta, row.decimals), interval(row.ci, row.decimals)].filter(Boolean).join(" "),
  p_t_holm: (row) => pValue(row.p_t_holm),
  p_t: (row) => pValue(row.p_t),
  p: (row) => pValue(row.p),
  p_holm: (row) => pValue(row.p_holm),
  worse: worseIn,
  effect_size: (row) => formatNumber(row.effect_size, 3).replaceAll("-", "−"),
  parameters: (row) => whole(row.parameters),
  flops: (row) => whole(row.flops),
  seconds: (row) => formatDuration(row.seconds),
  reused: (row) => someOf(row.reused, row),
  batched: (row) => someOf(row.batched, row),
  how: (row) => row.how,
};

const someOf = (count: number, { planned }: TableRow): string => (count > 0 ? `${count} of ${planned}` : "");
const whole = (value: number | null): string => (value === null ? NONE : value.toLocaleString("en-US"));

/** The text of a cell; empty where the column does not apply to this row. */
export function cellText(row: TableRow, { key, late }: Column): string {
  if (late && !isCompared(row)) return "";
  if (key === "label") return row.label;
  if (key === "mean") return meanSd(row.mean, row.sd, row.decimals);
  if (key.startsWith("param.")) return paramText(ownValue(row.params, key.slice("param.".length)));
  if (key.startsWith("secondary.")) {
    const [mean, sd] = ownValue(row.secondary, key.slice("secondary.".length)) ?? [null, null];
    return meanSd(mean ?? null, sd ?? null);
  }
  return ownValue(CELLS, key)?.(row as StudyRow) ?? "";
}

export function paramText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") return formatNumber(value).replaceAll("-", "−");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The full number of a cell, for its tooltip. */
export function cellTitle(row: TableRow, key: ColumnKey): string {
  if (key === "mean") return row.mean === null ? "" : `${row.mean} ± ${row.sd ?? NONE}`;
  if (key === "n") return row.failed > 0 ? `${row.failed} of its runs failed or diverged` : "";
  if (key === "delta" && isCompared(row)) return String(row.delta ?? "");
  const value = sortValue(row as StudyRow, key);
  return typeof value === "number" && !["reused", "batched", "worse"].includes(key) ? String(value) : "";
}
