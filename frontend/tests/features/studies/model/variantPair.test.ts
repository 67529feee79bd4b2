import { expect, test } from "vitest";
import { dropped } from "@/features/studies/model/studyTable";
import {
  comparedRow,
  factsOf,
  firstPair,
  meanDifference,
  type PairKeys,
  pairOf,
  seedLines,
  type VariantPair,
  valueless,
  withSide,
} from "@/features/studies/model/variantPair";
import type { StudyCell, StudyResults, StudyRow } from "@/shared/api/types";
import { resultsOf, rowOf } from "../../../helpers/studies";

const minimal = rowOf("minimal", { role: "minimal", reference: null, values: { 0: 1, 1: 2 } });
const added = rowOf("v1", {
  reference: "minimal",
  values: { 0: 1.5, 2: 9 },
  delta: 0.25,
  pairs: 1,
  secondary: { val_loss: [0.5, 0.1] },
  parameters: 100,
  seconds: 2,
  decimals: 2,
});
const other = rowOf("v2", {
  reference: "minimal",
  values: { 0: 2, 2: 8, 3: 1 },
  secondary: { val_loss: [0.25, 0.1] },
  parameters: 100,
  seconds: 0.5,
  decimals: 3,
  how: "switched off",
  reset: ["fc2"],
});

const results = (
  state: StudyResults["state"] = "completed",
  variants: StudyRow[] = [minimal, added, other],
) => resultsOf(variants, { state });

function pair(a: string, b: string, of = results()): VariantPair {
  const found = pairOf(of, { a, b });
  if (!found) throw new Error("no such rows");
  return found;
}

test("a row is put beside what the study compares it with, else beside the baseline", () => {
  const found = results();
  expect(firstPair(found, added)).toEqual({ a: "minimal", b: "v1" });
  expect(firstPair(found, minimal)).toEqual({ a: "baseline", b: "minimal" });
  expect(firstPair(found, found.baseline)).toEqual({ a: "baseline", b: "v1" });
  expect(firstPair(results("completed", []), found.baseline)).toBeNull();
  expect(pairOf(found, { a: "baseline", b: "gone" })).toBeNull();
});

test("choosing the other side's variant changes the two over", () => {
  const keys: PairKeys = { a: "baseline", b: "v1" };
  expect(withSide(keys, "b", "v2")).toEqual({ a: "baseline", b: "v2" });
  expect(withSide(keys, "a", "v1")).toEqual({ a: "v1", b: "baseline" });
});

test("the study's own difference is taken, turned where A is the one that it compares", () => {
  expect(comparedRow(pair("minimal", "v1"))?.key).toBe("v1");
  expect(meanDifference(pair("minimal", "v1"))).toEqual({ value: 0.25, pairs: 1 });
  expect(meanDifference(pair("v1", "minimal"))).toEqual({ value: -0.25, pairs: 1 });
});

test("of two that it does not compare, the mean over equal seeds is taken", () => {
  expect(comparedRow(pair("v1", "v2"))).toBeNull();
  expect(meanDifference(pair("v1", "v2"))).toEqual({ value: -0.25, pairs: 2 });
  expect(meanDifference(pair("baseline", "v2"))).toEqual({ value: null, pairs: 0 });
});

test("values stand by seed, also of seeds that are planned only", () => {
  expect(seedLines(pair("v1", "v2"), [0, 1])).toEqual([
    { seed: 0, a: 1.5, b: 2, difference: 0.5 },
    { seed: 1, a: null, b: null, difference: null },
    { seed: 2, a: 9, b: 8, difference: -1 },
    { seed: 3, a: null, b: 1, difference: null },
  ]);
  const cell = (state: StudyCell["state"]): StudyCell[] => [
    { variant: "v1", seed: 1, run: "r", state, value: null, reused: false },
  ];
  expect(valueless(cell("failed"), "v1", 1)).toBe("failed");
  expect(valueless(cell("completed"), "v1", 1)).toBe("no value");
  expect(valueless([], "v1", 1)).toBe("–");
});

test("facts have both texts, the difference and whether they are the same", () => {
  const facts = factsOf(results(), pair("v1", "v2"), false, (metric) => metric);
  const short = facts.map(({ key, a, b, difference, same }) => [key, a.text, b.text, difference, same]);
  expect(short).toEqual([
    ["mean", "0.50 ± 0.10", "0.500 ± 0.100", "−0.250", false],
    ["n", "5", "5", "", true],
    ["secondary.val_loss", "0.5 ± 0.1", "0.25 ± 0.1", "−0.25", false],
    ["parameters", "100", "100", "0", true],
    ["flops", "–", "–", "–", true],
    ["seconds", "2 s", "500 ms", "−1.5 s", false],
    ["how", "", "switched off", "", false],
    ["reset", "", "fc2", "", false],
  ]);
});

test("while runs are pending, no difference of a metric is shown", () => {
  const facts = factsOf(results("running"), pair("minimal", "v1"), false, (metric) => metric);
  const of = (key: string) => facts.find((fact) => fact.key === key)?.difference;
  expect([of("mean"), of("secondary.val_loss")]).toEqual(["–", "–"]);
});

test("a row is dropped before or after another one", () => {
  const keys = ["a", "b", "c"];
  expect(dropped(keys, "a", "c", "after")).toEqual(["b", "c", "a"]);
  expect(dropped(keys, "c", "a", "before")).toEqual(["c", "a", "b"]);
  expect(dropped(keys, "a", "b", "before")).toEqual(keys);
  expect(dropped(keys, "a", "a", "after")).toEqual(keys);
  expect(dropped(keys, "a", "gone", "after")).toEqual(keys);
});
