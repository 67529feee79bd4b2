/** What metric keys mean: which share a chart, and their labels. */

import type { Graph } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

export interface MetricGroup {
  /** loss, accuracy, mse, …, lr */
  name: string;
  keys: string[];
}

const ORDER = ["loss", "accuracy", "r2", "mse", "mae"];
const SPLITS = ["train", "val"];

/** Groups keys into charts: train and validation together, the batch loss with the loss; test metrics have no curve. */
export function metricGroups(keys: Iterable<string>): MetricGroup[] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const [split, ...rest] = key.split("_");
    if (split === "test") continue;
    const name = key === "batch_loss" ? "loss" : SPLITS.includes(split ?? "") ? rest.join("_") : key;
    groups.set(name, [...(groups.get(name) ?? []), key]);
  }
  const rank = (name: string): number =>
    name === "lr" ? 99 : ORDER.includes(name) ? ORDER.indexOf(name) : 50;
  return [...groups]
    .map(([name, members]) => ({ name, keys: members.sort(byKind) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

// The faint batch loss is drawn first, below the others.
const byKind = (a: string, b: string): number => kind(a) - kind(b);
const kind = (key: string): number => (key === "batch_loss" ? 0 : key.startsWith("train") ? 1 : 2);

const NAMES: Record<string, string> = {
  loss: "Loss",
  accuracy: "Accuracy",
  r2: "R²",
  mse: "MSE",
  mae: "MAE",
  rmse: "RMSE",
  mape: "MAPE",
  smape: "SMAPE",
  wmape: "WMAPE",
  f1: "F1",
  auroc: "AUROC",
  mcc: "MCC",
  lr: "Learning rate",
};

/** "val_r2" is "Validation R²", "loss" is "Loss". */
export function metricLabel(key: string): string {
  const [split, ...rest] = key.split("_");
  const name = rest.join("_");
  const prefix = ownValue({ train: "Training", val: "Validation", test: "Test", batch: "Batch" }, split);
  if (!prefix || !name) return ownValue(NAMES, key) ?? key;
  const known = ownValue(NAMES, name) ?? name.replaceAll("_", " ");
  return `${prefix} ${["Loss", "Accuracy"].includes(known) ? known.toLowerCase() : known}`;
}

const SCALED: Record<string, string> = {
  standardize: "standardized target",
  minmax: "target scaled to 0 to 1",
  log1p: "log(1 + target)",
};

/** How the loss of a graph gets the target: "none" as in the table. */
export function targetScaling(graph: Graph): string {
  const values = graph.nodes.map((node) => node.params?.target_scaling);
  return (
    (values.find((value) => typeof value === "string" && Object.hasOwn(SCALED, value)) as string) ?? "none"
  );
}

/** What the losses of runs with these target scalings are measured on; undefined if on the target itself. */
export function lossNote(scalings: readonly string[]): string | undefined {
  const [first = "none", ...others] = new Set(scalings);
  if (others.length > 0) return "of targets scaled differently: not comparable";
  return first === "none" ? undefined : `of the ${ownValue(SCALED, first) ?? first}`;
}

type Metrics = Readonly<Record<string, unknown>>;

const MOST_COLUMNS = 4;

/** The few metrics that a list of runs shows: of the tests, else of the validation, else of the training. */
export function tableMetrics(runs: readonly Metrics[]): string[] {
  const keys = finalMetrics(runs);
  for (const split of ["test_", "val_", "train_"]) {
    const found = keys.filter((key) => key.startsWith(split));
    if (found.length > 0) return found.slice(0, MOST_COLUMNS);
  }
  return [];
}

/** Every metric that one of the runs ended with: tests first, then validation, then training. */
export function finalMetrics(runs: readonly Metrics[]): string[] {
  const keys = new Set(runs.flatMap((metrics) => Object.keys(metrics)));
  const splits = ["test", "val", "train"];
  const rank = (key: string): number => {
    const [split = "", ...rest] = key.split("_");
    const name = ORDER.indexOf(rest.join("_"));
    return splits.indexOf(split) * 100 + (name < 0 ? 50 : name);
  };
  return [...keys]
    .filter((key) => splits.includes(key.split("_")[0] ?? ""))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
