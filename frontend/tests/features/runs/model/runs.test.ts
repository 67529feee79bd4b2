import { describe, expect, test } from "vitest";
import {
  describeEnd,
  durationText,
  headlineMetric,
  isInexact,
  progressShare,
  readTags,
  slices,
} from "@/features/runs/model/runs";
import { RUN_STATES, stateLabel } from "@/shared/lib/runStates";
import { diagnostic } from "../../../helpers/diagnostics";
import { runOf } from "../../../helpers/runs";

const last = (value: number) => ({ last: value, best: value, best_epoch: 1, direction: null });

test("every state has a word", () => {
  expect(RUN_STATES.map(stateLabel)).toEqual([
    "Queued",
    "Starting",
    "Running",
    "Paused",
    "Stopping",
    "Stopped",
    "Completed",
    "Failed",
    "Interrupted",
  ]);
});

test("the share that is done, nothing where no step is planned yet", () => {
  const { progress } = runOf("a");
  expect(progressShare(runOf("a", { progress: { ...progress, step: 25, steps: 100 } }))).toBe(0.25);
  expect(progressShare(runOf("a", { progress: { ...progress, step: 0, steps: 0 } }))).toBe(0);
});

test("the main metric: of the test before the validation, a score before the loss", () => {
  const metrics = { train_loss: last(0.1), val_r2: last(0.8), val_loss: last(0.3) };
  expect(headlineMetric(runOf("a", { metrics }))).toEqual(["val_r2", 0.8]);
  expect(headlineMetric(runOf("a", { metrics: { ...metrics, test_loss: last(0.4) } }))).toEqual([
    "test_loss",
    0.4,
  ]);
  expect(headlineMetric(runOf("a"))).toBeNull();
});

describe("how a run ended, in a sentence", () => {
  test.each([
    [
      "with all that is known",
      { duration: 12.3, metrics: { test_r2: last(0.98765) } },
      "Net · a completed in 12 s: Test R² 0.9877",
    ],
    ["without time or metric", {}, "Net · a completed"],
  ])("%s", (_what, rest, sentence) => {
    expect(describeEnd(runOf("a", { state: "completed", ...rest }))).toBe(sentence);
  });
  test("with the reason where it failed", () => {
    const error = diagnostic({ message: "The loss is not finite." });
    expect(describeEnd(runOf("a", { state: "failed", error }))).toBe(
      "Net · a failed: The loss is not finite.",
    );
  });
});

test("tags are read by commas, each once, without those that are there", () => {
  expect(readTags(" a, b ,,a, c", ["c"])).toEqual(["a", "b"]);
  expect(readTags("  ")).toEqual([]);
});

test("slices are at most so long, and nothing is lost", () => {
  expect(slices([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(slices([], 2)).toEqual([]);
});

test("runs that were trained in one batch share their time", () => {
  const batch = { id: "b", size: 10, speedup: 4.2, exact: true };
  const run = runOf("a", { duration: 12, batch });
  expect(durationText({ ...run, batch: { ...batch, speedup: null } })).toBe("12 s");
  expect(durationText(run)).toBe("12 s / 10");
  expect(durationText({ ...run, duration: null })).toBe("–");
});

test("a run that an earlier version batched is known", () => {
  const batch = { id: "b", size: 10, speedup: 4.2, exact: false };
  expect(isInexact(runOf("a", { batch }))).toBe(true);
  expect(isInexact(runOf("a", { batch: { ...batch, exact: true } }))).toBe(false);
  expect(isInexact(runOf("a", { batch: { ...batch, speedup: 0 } }))).toBe(false);
  expect(isInexact(runOf("a", { batch: null }))).toBe(false);
});
