/** Figures of a classification, from its confusion matrix (rows: the true class). */

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
