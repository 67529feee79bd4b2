/** Figures of a classification, from its confusion matrix (rows: the true class). */

import type { TargetColumn } from "@/shared/api/types";

export interface ClassScore {
  label: string;
  /** Share of the predictions of this class that are right; null where it was never predicted. */
  precision: number | null;
  /** Share of this class that was found; null where there is none. */
  recall: number | null;
  f1: number | null;
  support: number;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

export function classScores(classes: string[], confusion: number[][]): ClassScore[] {
  return classes.map((label, index) => {
    const right = confusion[index]?.[index] ?? 0;
    const support = sum(confusion[index] ?? []);
    const predicted = sum(confusion.map((row) => row[index] ?? 0));
    return {
      label,
      precision: share(right, predicted),
      recall: share(right, support),
      f1: share(2 * right, support + predicted),
      support,
    };
  });
}

/** Scores of each label of several, of its 1s: from the results, whose confusion has the true values as rows. */
export function labelScores(columns: TargetColumn[]): ClassScore[] {
  return columns.map((column) => ({
    label: column.name,
    precision: column.precision ?? null,
    recall: column.recall ?? null,
    f1: column.f1 ?? null,
    support: sum(column.confusion[1] ?? []),
  }));
}

/** The number of a row in its table, from 1: earlier versions counted from 0. */
export function rowNumber(row: number, format: number | undefined): number {
  return format === undefined ? row + 1 : row;
}
