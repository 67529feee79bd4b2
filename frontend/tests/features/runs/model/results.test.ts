import { expect, test } from "vitest";
import { classScores } from "@/features/runs/model/results";

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
