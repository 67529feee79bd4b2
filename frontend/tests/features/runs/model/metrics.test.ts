import { describe, expect, test } from "vitest";
import {
  finalMetrics,
  lossNote,
  metricGroups,
  metricLabel,
  tableMetrics,
  targetScaling,
} from "@/features/runs/model/metrics";

describe("charts", () => {
  test("training and validation share one, the batch loss is drawn below the loss, tests have no curve", () => {
    const keys = ["lr", "val_loss", "train_r2", "train_loss", "batch_loss", "val_r2", "test_loss"];
    expect(metricGroups(keys)).toEqual([
      { name: "loss", keys: ["batch_loss", "train_loss", "val_loss"] },
      { name: "r2", keys: ["train_r2", "val_r2"] },
      { name: "lr", keys: ["lr"] },
    ]);
  });
  test("what is not known stands between the known ones and the learning rate", () => {
    expect(metricGroups(["lr", "val_top_5", "train_mae", "grad_norm"]).map(({ name }) => name)).toEqual([
      "mae",
      "grad_norm",
      "top_5",
      "lr",
    ]);
  });
});

test("the loss states how it gets the target, and losses of other targets are not compared", () => {
  const graph = (params: Record<string, string>) => ({
    format: 1 as const,
    nodes: [{ id: "split", type: "DataSplitter", params }],
    edges: [],
  });
  const scalings = ["standardize", "none", ""].map((target_scaling) =>
    targetScaling(graph(target_scaling ? { target_scaling } : {}) as never),
  );
  expect(scalings).toEqual(["standardize", "none", "none"]);
  expect(lossNote(["standardize", "standardize"])).toBe("of the standardized target");
  expect(lossNote(["none"])).toBeUndefined();
  expect(lossNote([])).toBeUndefined();
  expect(lossNote(scalings)).toBe("of targets scaled differently: not comparable");
});

test.each([
  ["val_r2", "Validation R²"],
  ["train_loss", "Training loss"],
  ["test_accuracy", "Test accuracy"],
  ["batch_loss", "Batch loss"],
  ["val_top_5", "Validation top 5"],
  ["lr", "Learning rate"],
  ["loss", "Loss"],
  ["grad_norm", "grad_norm"],
])("%s is called “%s”", (key, label) => {
  expect(metricLabel(key)).toBe(label);
});

describe("tables of runs", () => {
  test("final metrics: tests first, then validation, then training", () => {
    const runs = [
      { train_loss: 1, val_loss: 1, lr: 1 },
      { test_r2: 1, test_loss: 1 },
    ];
    expect(finalMetrics(runs)).toEqual(["test_loss", "test_r2", "val_loss", "train_loss"]);
  });
  test("a list shows those of the best split that there is, four at most", () => {
    expect(tableMetrics([{ val_loss: 1, train_loss: 1 }])).toEqual(["val_loss"]);
    expect(tableMetrics([{ test_a: 1, test_b: 1, test_c: 1, test_d: 1, test_e: 1 }])).toHaveLength(4);
    expect(tableMetrics([{ lr: 1 }])).toEqual([]);
  });
});
