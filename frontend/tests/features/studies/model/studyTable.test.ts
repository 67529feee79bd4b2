import { expect, test } from "vitest";
import {
  cellText,
  cellTitle,
  columnsOf,
  firstSort,
  fixed,
  interval,
  meanSd,
  moved,
  pValue,
  runsOf,
  signed,
  sortRows,
  worseIn,
} from "@/features/studies/model/studyTable";
import { curveMetrics, firstCurve, gridCells, seedPairs, trialsOf } from "@/features/studies/ui/plots/points";
import type { StudyResults, StudyRow } from "@/shared/api/types";
import { extent, linear, logarithmic } from "@/shared/lib/scale";
import { resultsOf, rowOf } from "../../../helpers/studies";

const keys = (rows: StudyRow[]): string => rows.map(({ key }) => key).join(" ");

test("numbers have the decimals of their row and a real minus", () => {
  expect(fixed(-0.12345, 3)).toBe("−0.123");
  expect(fixed(-0.0001, 2)).toBe("0.00");
  expect(fixed(null, 2)).toBe("–");
  expect(fixed(1.2e30, 0)).toBe("1.2e30");
  expect(signed(0.5, 1)).toBe("+0.5");
  expect(signed(0.001, 1)).toBe("0.0");
  expect(meanSd(0.9123, 0.0045, 4)).toBe("0.9123 ± 0.0045");
  expect(meanSd(0.9123, null, 2)).toBe("0.91");
  expect(meanSd(-12.34567, 0.1)).toBe("−12.35 ± 0.1");
  expect(interval([-0.5, 0.25], 2)).toBe("[−0.50, 0.25]");
  expect(interval(null, 2)).toBe("");
  expect([0.0004, 0.0314, 1, null].map(pValue)).toEqual(["< 0.001", "0.031", "1.000", "–"]);
});

test("runs without a value are counted, never dropped", () => {
  expect(runsOf({ n: 5, planned: 5, failed: 0 })).toBe("5");
  expect(runsOf({ n: 3, planned: 5, failed: 0 })).toBe("3 of 5");
  expect(runsOf({ n: 9, planned: 10, failed: 1 })).toBe("9 of 10, 1 failed");
  expect(worseIn({ p_worse: 0.9, pairs: 5 })).toBe("4.5 of 5");
  expect(worseIn({ p_worse: null, pairs: null })).toBe("–");
});

test("rows are sorted by the size of their difference, those without one last, the minimal model first", () => {
  const rows = [
    rowOf("a", { delta: 0.1 }),
    rowOf("none"),
    rowOf("b", { delta: -0.3 }),
    rowOf("minimal", { role: "minimal", reference: null }),
  ];
  expect(keys(sortRows(rows, firstSort("leave_one_out", "maximize")))).toBe("minimal b a none");
  expect(keys(sortRows(rows, { key: "delta", descending: false }))).toBe("minimal a b none");
  expect(keys(sortRows(rows, { key: "own", descending: false }))).toBe("minimal a none b");
  expect(keys(sortRows(rows, { key: "label", descending: false }))).toBe("minimal a b none");
});

test("steps stay in their order, and a search begins with its best", () => {
  expect(firstSort("cumulative", "minimize").key).toBe("own");
  expect(firstSort("random", "minimize")).toEqual({ key: "mean", descending: false });
  expect(firstSort("optuna", "maximize")).toEqual({ key: "mean", descending: true });
});

test("rows are sorted by a parameter and by a secondary metric", () => {
  const rows = [
    rowOf("a", { params: { "adam.lr": 0.1 }, secondary: { val_loss: [2, null] } }),
    rowOf("b", { params: { "adam.lr": 0.01 }, secondary: { val_loss: [3, null] } }),
  ];
  expect(keys(sortRows(rows, { key: "param.adam.lr", descending: false }))).toBe("b a");
  expect(keys(sortRows(rows, { key: "secondary.val_loss", descending: true }))).toBe("b a");
});

test("a search has no tests among its columns, and shows its parameters", () => {
  const found = resultsOf([rowOf("a", { params: { "adam.lr": 0.1 }, secondary: { val_loss: [1, 0.1] } })]);
  const search = columnsOf(found, true, String);
  expect(search.some(({ key }) => key.startsWith("p_") || key === "verdict")).toBe(false);
  expect(search.find(({ key }) => key === "param.adam.lr")?.shown).toBe(true);
  const study = columnsOf(found, false, String);
  expect(study.filter(({ shown }) => shown).map(({ key }) => key)).toEqual(
    "label mean n delta p_t_holm worse verdict parameters flops seconds reused".split(" "),
  );
  expect(study.at(-1)).toMatchObject({ key: "secondary.val_loss", shown: false });
});

test("cells show what is known of their row", () => {
  const one = rowOf("a", {
    delta: -0.031,
    ci: [-0.05, -0.01],
    parameters: 4417,
    reused: 2,
    secondary: { val_loss: [0.123456, 0.01] },
  });
  const column = (key: string) => {
    const found = columnsOf(resultsOf([one]), false, String).find((other) => other.key === key);
    if (!found) throw new Error(`no column ${key}`);
    return found;
  };
  expect(cellText(one, column("delta"))).toBe("−0.03 [−0.05, −0.01]");
  expect(cellTitle(one, "delta")).toBe("-0.031");
  expect(cellText(one, column("parameters"))).toBe("4,417");
  expect(cellText(one, column("reused"))).toBe("2 of 5");
  expect(cellText(one, column("secondary.val_loss"))).toBe("0.1235 ± 0.01");
  // Nothing is compared with the baseline itself.
  expect(cellText(resultsOf([one]).baseline, column("delta"))).toBe("");
});

test("a row moves by one place and not beyond the ends", () => {
  expect(moved(["a", "b", "c"], "b", -1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], "b", 1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], "a", -1)).toEqual(["a", "b"]);
});

test("values are paired with those of the reference, also of the previous step", () => {
  const first = rowOf("v1", { values: { 0: 2, 1: 3 } });
  const second = rowOf("v2", { reference: "v1", values: { 1: 4 } });
  const pairs = seedPairs({
    ...resultsOf([first, second]),
    baseline: rowOf("baseline", { values: { 0: 1 } }),
  });
  expect(pairs.map(({ reference }) => reference)).toEqual(["baseline", "v1"]);
  expect(pairs[0]?.seeds).toEqual([
    { seed: 0, before: 1, after: 2 },
    { seed: 1, before: null, after: 3 },
  ]);
  expect(pairs[1]?.seeds).toEqual([
    { seed: 0, before: 2, after: null },
    { seed: 1, before: 3, after: 4 },
  ]);
});

test("a grid has its variants by both values, with how good each is", () => {
  const cell = (lr: number, width: number, mean: number | null) =>
    rowOf(`${lr}/${width}`, { params: { "adam.lr": lr, "fc.width": width }, mean });
  const grid = resultsOf([cell(0.1, 8, 1), cell(0.1, 16, 3), cell(0.2, 8, 2), cell(0.2, 16, null)]);
  const factors = [
    { node: "adam", param: "lr", values: [0.1, 0.2] },
    { node: "fc", param: "width", values: [8, 16] },
  ] as const;
  const shares = (direction: StudyResults["direction"]) =>
    gridCells({ ...grid, direction }, ...factors).map(({ cells }) => cells.map(({ share }) => share));
  expect(shares("maximize")).toEqual([
    [0, 1],
    [0.5, null],
  ]);
  expect(shares("minimize")).toEqual([
    [1, 0],
    [0.5, null],
  ]);
});

test("trials come by rank, the best first, those without a value not at all", () => {
  const trial = (key: string, mean: number | null) => rowOf(key, { mean, params: { "adam.lr": 1 } });
  const search = {
    ...resultsOf([trial("a", 0.1), trial("b", 0.9), trial("c", null), trial("d", 0.5)]),
    best: "b",
  };
  expect(trialsOf(search).map(({ key, share, best }) => [key, share, best])).toEqual([
    ["b", 1, true],
    ["d", 0.5, false],
    ["a", 0, false],
  ]);
});

test("the curve shown first is the study's own metric where it has one", () => {
  const found = resultsOf([
    rowOf("a", { secondary: { val_r2: [1, 1], train_loss: [1, 1], test_loss: [1, 1] } }),
  ]);
  expect(curveMetrics(found)).toEqual(["train_loss", "val_r2"]);
  expect(firstCurve(["train_loss", "val_r2"], "test_r2")).toBe("val_r2");
  expect(firstCurve(["train_loss", "val_loss"], "test_r2")).toBe("val_loss");
  expect(firstCurve([], "test_r2")).toBe("val_loss");
});

test("scales have round marks and a place for every value", () => {
  const scale = linear([-0.3, 0.72], [0, 102], 5);
  expect(scale.ticks).toEqual([-0.2, 0, 0.2, 0.4, 0.6]);
  expect(scale(0)).toBeCloseTo(30);
  const log = logarithmic([0.001, 10], [0, 4]);
  expect(log.ticks).toEqual([0.001, 0.01, 0.1, 1, 10]);
  expect(log(0.1)).toBeCloseTo(2);
  expect(log(-1)).toBeCloseTo(0);
  expect(extent([])).toEqual([0, 1]);
  expect(extent([5, 5])).toEqual([4.5, 5.5]);
});
