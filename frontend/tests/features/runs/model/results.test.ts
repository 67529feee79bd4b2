import { expect, test } from "vitest";
import { classScores, labelScores, rowNumber } from "@/features/runs/model/results";

test("scores of each class from the confusion matrix, rows being the true class", () => {
  const [cat, dog] = classScores(
    ["cat", "dog"],
    [
      [8, 2],
      [4, 6],
    ],
  );
  expect(cat).toMatchObject({ label: "cat", recall: 0.8, support: 10 });
  expect(cat?.precision).toBeCloseTo(8 / 12);
  expect(cat?.f1).toBeCloseTo(16 / 22);
  expect(dog).toMatchObject({ precision: 0.75, recall: 0.6 });
});

test("a share of nothing is not a number", () => {
  expect(
    classScores(
      ["never", "all"],
      [
        [0, 0],
        [0, 3],
      ],
    )[0],
  ).toEqual({
    label: "never",
    precision: null,
    recall: null,
    f1: null,
    support: 0,
  });
});

test("each label of several has its own scores, and as many rows as it has 1s", () => {
  const confusion = [
    [3, 1],
    [2, 4],
  ];
  expect(labelScores([{ name: "wet", confusion, precision: 0.8, recall: 4 / 6, f1: null }])).toEqual([
    { label: "wet", precision: 0.8, recall: 4 / 6, f1: null, support: 6 },
  ]);
});

test("rows are counted from 1, in results of earlier versions too", () => {
  expect(rowNumber(0, undefined)).toBe(1);
  expect(rowNumber(24, 2)).toBe(24);
});
