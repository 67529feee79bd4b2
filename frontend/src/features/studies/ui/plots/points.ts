/** The data of a study's plots. */

import type { TableRow } from "@/features/studies/model/studyTable";
import type { StudyResults, StudyRow } from "@/shared/api/types";

/** A variant's values beside those of its reference. */
export interface SeedPair {
  key: string;
  label: string;
  /** The label of what it is compared with. */
  reference: string;
  seeds: { seed: number; before: number | null; after: number | null }[];
}

/** For each variant that is compared with another one and has a value, in the order of the study. */
export function seedPairs({ baseline, variants }: StudyResults): SeedPair[] {
  const rows = new Map([baseline, ...variants].map((row) => [row.key, row]));
  return variants.flatMap((row) => {
    const reference = rows.get(row.reference ?? "");
    if (!reference || row.n === 0) return [];
    const [before, after] = [bySeed(reference), bySeed(row)];
    const seeds = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
    return {
      key: row.key,
      label: row.label,
      reference: reference.label,
      seeds: seeds.map((seed) => ({
        seed,
        before: before.get(seed) ?? null,
        after: after.get(seed) ?? null,
      })),
    };
  });
}

const bySeed = ({ values }: TableRow): Map<number, number> =>
  new Map(Object.entries(values).map(([seed, value]) => [Number(seed), value]));

/** Metrics that are recorded epoch by epoch. */
export function curveMetrics({ metric, baseline, variants }: StudyResults): string[] {
  const keys = new Set([metric, ...[baseline, ...variants].flatMap((row) => Object.keys(row.secondary))]);
  const curves = [...keys].filter((key) => /^(train|val)_/.test(key)).sort();
  return curves.length > 0 ? curves : ["val_loss"];
}

/** The curve closest to a study's metric: its own, that of the validation, else a loss. */
export function firstCurve(metrics: readonly string[], metric: string): string {
  const candidates = [metric, metric.replace(/^test_/, "val_"), "val_loss", "train_loss"];
  return candidates.find((key) => metrics.includes(key)) ?? metrics[0] ?? "val_loss";
}

export interface GridFactor {
  node: string;
  param: string;
  values: readonly unknown[];
}

interface GridLine {
  value: unknown;
  /** `share`: how good its mean is among all of them, from 0 (worst) to 1; null without a mean. */
  cells: { column: unknown; row: StudyRow | undefined; share: number | null }[];
}

/** The variants of a grid of two factors, by the values of both. */
export function gridCells(
  { variants, direction }: StudyResults,
  rows: GridFactor,
  columns: GridFactor,
): GridLine[] {
  const share = shares(
    variants.map(({ mean }) => mean),
    direction,
  );
  const has = (row: StudyRow, { node, param }: GridFactor, value: unknown): boolean =>
    JSON.stringify(row.params[`${node}.${param}`]) === JSON.stringify(value);
  return rows.values.map((value) => ({
    value,
    cells: columns.values.map((column) => {
      const row = variants.find((one) => has(one, rows, value) && has(one, columns, column));
      return { column, row, share: share(row?.mean ?? null) };
    }),
  }));
}

/** How good a value is among these: 1 is the best, 0 the worst. */
function shares(
  values: readonly (number | null)[],
  direction: StudyResults["direction"],
): (value: number | null) => number | null {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return (value) => {
    if (value === null) return null;
    if (high === low) return 0.5;
    const share = (value - low) / (high - low);
    return direction === "minimize" ? 1 - share : share;
  };
}

export interface Trial {
  key: string;
  label: string;
  params: StudyRow["params"];
  mean: number;
  n: number;
  decimals: number;
  best: boolean;
  /** How good it is among all, from 0 to 1. */
  share: number;
}

/** The trials of a search that have a value, the best first. */
export function trialsOf({ variants, direction, best }: StudyResults): Trial[] {
  const sign = direction === "minimize" ? 1 : -1;
  const found = variants.flatMap(({ key, label, params, mean, n, decimals }) =>
    mean === null || Object.keys(params).length === 0
      ? []
      : { key, label, params, mean, n, decimals, best: key === best },
  );
  found.sort((a, b) => Number(b.best) - Number(a.best) || sign * (a.mean - b.mean));
  // By rank: a diverged trial would make all others look alike.
  return found.map((trial, rank) => ({ ...trial, share: 1 - rank / Math.max(1, found.length - 1) }));
}
