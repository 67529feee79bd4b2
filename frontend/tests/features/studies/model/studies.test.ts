import { describe, expect, test } from "vitest";
import {
  aimWords,
  countWords,
  isSearch,
  nextSeeds,
  readSeeds,
  searchStudies,
  shareDone,
  strategyWords,
  timeLeft,
  verdictLook,
} from "@/features/studies/model/studies";
import type { Study, StudyRow } from "@/shared/api/types";
import { STRATEGIES } from "../../../helpers/studies";

const planned = (strategy: object): Pick<Study, "plan"> => ({ plan: { strategy } as Study["plan"] });
const counts = (rest: Partial<Study["counts"]>): Pick<Study, "counts"> => ({
  counts: { planned: 40, completed: 34, failed: 0, live: 0, reused: 0, ...rest },
});

test.each([
  [{ kind: "leave_one_out", nodes: ["a", "b", "c"] }, "Leave one out · 3 parts"],
  [{ kind: "leave_n_out", nodes: ["a", "b", "c"], n: 2 }, "Leave 2 out · 3 parts"],
  [{ kind: "leave_group_out", groups: [{ nodes: ["a"] }] }, "Leave group out · 1 group"],
  [{ kind: "cumulative", order: ["a", "b"] }, "Cumulative · 2 parts"],
  [{ kind: "replace", node: "a", alternatives: [{ type: "Tanh" }] }, "Replace · 1 alternative"],
  [{ kind: "grid", factors: [{ values: [1, 2, 3] }, { values: [8, 16] }] }, "Grid · 3 × 2"],
  [{ kind: "optuna", trials: 20, factors: [] }, "Optuna search · 20 trials"],
  [{ kind: "configurations", graphs: [{}, {}] }, "Configurations · 2 networks"],
])("a strategy in words: %j", (strategy, words) => {
  expect(strategyWords(planned(strategy), STRATEGIES)).toBe(words);
});

test("only sweeps are searches", () => {
  expect(isSearch(planned({ kind: "random", trials: 1 }))).toBe(true);
  expect(isSearch(planned({ kind: "grid", factors: [] }))).toBe(false);
});

test("how far a study is", () => {
  expect(countWords(counts({ failed: 1, reused: 12 }))).toBe("34 of 40 runs, 1 failed, 12 reused");
  expect(countWords(counts({}))).toBe("34 of 40 runs");
  expect(shareDone(counts({ failed: 2 }))).toBe(0.9);
  expect(shareDone(counts({ planned: 0 }))).toBe(0);
  expect(timeLeft({ state: "running", seconds_left: 185 })).toBe("about 3 min 05 s left");
  expect(timeLeft({ state: "paused", seconds_left: 185 })).toBe("");
  expect(aimWords("test_r2", "maximize")).toBe("Test R², higher is better");
});

test("studies are found by every word of a search", () => {
  const study = {
    ...planned({ kind: "grid", factors: [{ values: [1, 2] }] }),
    name: "Width",
    graph_name: "Digits",
    state: "completed",
  } as Study;
  study.plan.metric = "val_loss";
  expect(searchStudies([study], "digits grid", STRATEGIES)).toEqual([study]);
  expect(searchStudies([study], "validation LOSS", STRATEGIES)).toEqual([study]);
  expect(searchStudies([study], "digits cumulative", STRATEGIES)).toEqual([]);
  expect(searchStudies([study], " ", STRATEGIES)).toEqual([study]);
});

test("a verdict has a sign besides its colour", () => {
  const look = (verdict: string | null) => verdictLook({ verdict } as StudyRow);
  expect(look("worse")).toMatchObject({ symbol: "▼", tone: "worse" });
  expect(look("better_within_margin")).toMatchObject({ symbol: "▲", label: "better, within margin" });
  expect(look("negligible")?.symbol).toBe("≈");
  expect(look("not_shown")?.symbol).toBe("?");
  expect(look("something_new")).toMatchObject({ symbol: "?", label: "something new" });
  expect(look(null)).toBeNull();
});

describe("seeds", () => {
  test("that follow", () => {
    expect(nextSeeds([0, 1, 7], 2)).toEqual([8, 9]);
    expect(nextSeeds([], 1)).toEqual([0]);
  });
  test.each([
    ["7, 9", { seeds: [7, 9] }],
    ["20-22 5", { seeds: [20, 21, 22, 5] }],
    ["", { problem: "Give at least one seed." }],
    ["1", { problem: "Seed 1 is already in the list." }],
    ["4 4", { problem: "Seed 4 is already in the list." }],
    ["-3", { problem: "“-3” is not a seed: give whole numbers such as 7, 9 or 20-24." }],
    ["9-3", { problem: "“9-3” is not a range of at most 100 seeds." }],
    ["10-110", { problem: "A study has at most 100 seeds." }],
  ])("as they are typed: %s", (text, read) => {
    expect(readSeeds(text, [0, 1])).toEqual(read);
  });
});
