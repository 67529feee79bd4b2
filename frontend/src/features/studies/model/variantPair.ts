/** Two variants of a study side by side: what differs, and by how much. */

import type { StudyCell, StudyResults, StudyRow } from "@/shared/api/types";
import { formatDuration, formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { isUnderWay } from "./studies";
import { type Column, cellText, cellTitle, columnsOf, NONE, signed, type TableRow } from "./studyTable";

/** The keys of the two. */
export interface PairKeys {
  a: string;
  b: string;
}

export interface VariantPair {
  a: TableRow;
  b: TableRow;
}

/** The two rows; null where one of them no longer exists. */
export function pairOf({ baseline, variants }: StudyResults, { a, b }: PairKeys): VariantPair | null {
  const find = (key: string): TableRow | undefined => [baseline, ...variants].find((row) => row.key === key);
  const [first, second] = [find(a), find(b)];
  return first && second ? { a: first, b: second } : null;
}

/** A row with what the study compares it with; the baseline with the first variant, null where there is none. */
export function firstPair({ baseline, variants }: StudyResults, row: TableRow): PairKeys | null {
  if (row.key !== baseline.key) return { a: row.reference ?? baseline.key, b: row.key };
  const other = variants.find(({ role }) => role === "variant") ?? variants[0];
  return other ? { a: baseline.key, b: other.key } : null;
}

/** Replace the variant on one side; if it is the other side's, the sides are swapped. */
export function withSide(keys: PairKeys, side: keyof PairKeys, key: string): PairKeys {
  const other = side === "a" ? "b" : "a";
  return { ...keys, [other]: keys[other] === key ? keys[side] : keys[other], [side]: key };
}

/** Which of the two the study compares with the other one; null where it compares neither. */
export function comparedRow({ a, b }: VariantPair): StudyRow | null {
  if (b.reference === a.key && "delta" in b) return b;
  return a.reference === b.key && "delta" in a ? a : null;
}

/** B minus A: the mean over the seeds for which both have a value; the study's own difference where it compares them. */
export function meanDifference(pair: VariantPair): { value: number | null; pairs: number } {
  const row = comparedRow(pair);
  if (row) return { value: row === pair.a ? negative(row.delta) : row.delta, pairs: row.pairs ?? 0 };
  const known = Object.entries(pair.b.values).flatMap(([seed, value]) => {
    const before = ownValue(pair.a.values, seed);
    return before === undefined ? [] : value - before;
  });
  const sum = known.reduce((total, value) => total + value, 0);
  return { value: known.length > 0 ? sum / known.length : null, pairs: known.length };
}

const negative = (value: number | null): number | null => (value === null ? null : -value);

export interface SeedLine {
  seed: number;
  a: number | null;
  b: number | null;
  difference: number | null;
}

/** The values of both by seed, including planned seeds without a value. */
export function seedLines({ a, b }: VariantPair, planned: readonly number[]): SeedLine[] {
  const seeds = new Set([...planned, ...[a, b].flatMap(({ values }) => Object.keys(values).map(Number))]);
  return [...seeds]
    .sort((one, other) => one - other)
    .map((seed) => {
      const [before, after] = [a.values[seed] ?? null, b.values[seed] ?? null];
      return {
        seed,
        a: before,
        b: after,
        difference: before === null || after === null ? null : after - before,
      };
    });
}

/** Why a seed has no value, in a word. */
export function valueless(cells: readonly StudyCell[], variant: string, seed: number): string {
  const state = cells.find((cell) => cell.variant === variant && cell.seed === seed)?.state;
  if (state === undefined) return NONE;
  return state === "completed" ? "no value" : state;
}

export interface Fact {
  key: string;
  title: string;
  hint: string;
  a: { text: string; full: string };
  b: { text: string; full: string };
  /** B minus A; empty where it is not a number. */
  difference: string;
  /** Both sides have the same text. */
  same: boolean;
  /** Figures, not words. */
  numeric: boolean;
}

/** What is measured, then the cost, then the change. */
const ORDER = [/^mean$/, /^n$/, /^secondary\./, /^(parameters|flops|seconds)$/, /^param\./, /^how$/];

/** The figures of both, the study's metric first; those that neither has are omitted. */
export function factsOf(
  results: StudyResults,
  pair: VariantPair,
  search: boolean,
  labelOf: (metric: string) => string,
): Fact[] {
  const columns = columnsOf(results, search, labelOf);
  const facts = ORDER.flatMap((pattern) => columns.filter(({ key }) => pattern.test(key))).map((column) =>
    factOf(results, pair, column),
  );
  return [...facts, resetFact(pair)].filter(({ a, b }) => a.text !== "" || b.text !== "");
}

function factOf(results: StudyResults, pair: VariantPair, column: Column): Fact {
  const cell = (row: TableRow) => ({ text: cellText(row, column), full: cellTitle(row, column.key) });
  const [a, b] = [cell(pair.a), cell(pair.b)];
  return {
    key: column.key,
    title: column.key === "n" ? "Runs with a value" : column.title,
    hint: column.hint ?? "",
    a,
    b,
    difference: differenceText(results, pair, column.key),
    same: a.text === b.text,
    numeric: column.text !== true,
  };
}

function resetFact({ a, b }: VariantPair): Fact {
  const cell = ({ reset }: TableRow) => ({ text: reset.join(", "), full: "" });
  return {
    key: "reset",
    title: "Other initial weights",
    hint: "Layers whose size adapts to the change: they start with other weights",
    a: cell(a),
    b: cell(b),
    difference: "",
    same: a.reset.join() === b.reset.join(),
    numeric: false,
  };
}

function differenceText(results: StudyResults, pair: VariantPair, key: string): string {
  const { a, b } = pair;
  if (key === "mean") return primaryText(results, pair);
  if (key.startsWith("secondary.")) {
    const metric = key.slice("secondary.".length);
    const [before, after] = [ownValue(a.secondary, metric)?.[0], ownValue(b.secondary, metric)?.[0]];
    // Until all runs have ended, the two means may be over different seeds.
    if (isUnderWay(results)) return NONE;
    return withSign(minus(after, before), (size) => formatNumber(size));
  }
  if (key === "seconds") return withSign(minus(b.seconds, a.seconds), formatDuration);
  if (key === "parameters" || key === "flops")
    return withSign(minus(b[key], a[key]), (size) => size.toLocaleString("en-US"));
  return "";
}

/** No difference is reported before every planned run has ended. */
function primaryText(results: StudyResults, pair: VariantPair): string {
  if (isUnderWay(results)) return NONE;
  return signed(meanDifference(pair).value, Math.max(pair.a.decimals, pair.b.decimals));
}

const minus = (after: number | null | undefined, before: number | null | undefined): number | null =>
  typeof after === "number" && typeof before === "number" ? after - before : null;

function withSign(value: number | null, show: (size: number) => string): string {
  if (value === null) return NONE;
  return value === 0 ? "0" : `${value > 0 ? "+" : "−"}${show(Math.abs(value))}`;
}
