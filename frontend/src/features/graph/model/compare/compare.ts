/** Compare runs: differences between their graphs, and reasons why their figures are hard to compare. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import type { Graph, Run } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { changedParams, compareGraphs } from "./diff";

export interface RunWithGraph {
  run: Run;
  graph: Graph;
}

/** Return how `after` differs from `before`, one sentence each. The graph's own name is not compared. */
export function graphDifferences(before: Graph, after: Graph, types: Catalogue): string[] {
  return compareGraphs({ ...before, name: after.name }, after, types).map(({ text }) => text);
}

// Parameters of data nodes that decide which rows are held out, or what is predicted.
const WHAT_IS_MEASURED = ["target_columns", "val_ratio", "seed"];

/** Return why the figures of two runs must not be compared; empty if they may be. */
export function obstacles(a: RunWithGraph, b: RunWithGraph, types: Catalogue): string[] {
  const found: string[] = [];
  const other = new Map(a.run.datasets.map((use) => [`${use.node}/${use.param}`, use]));
  for (const use of b.run.datasets) {
    const match = other.get(`${use.node}/${use.param}`);
    if (match && match.sha256 !== use.sha256)
      found.push(`Not comparable: ${match.name} and ${use.name} are different data.`);
  }
  const was = new Map(a.graph.nodes.map((node) => [node.id, node]));
  for (const node of b.graph.nodes) {
    const match = was.get(node.id);
    if (!match || ownValue(types, node.type)?.kind !== "data") continue;
    for (const change of changedParams({ graph: a.graph, node: match }, { graph: b.graph, node }, types)) {
      if (!WHAT_IS_MEASURED.includes(change.name)) continue;
      found.push(
        `Not comparable: ${nodeLabel(node)} has another ${change.label.toLowerCase()}, so other rows are held out or another target is predicted.`,
      );
    }
  }
  const losses = [lossTypes(a.graph, types), lossTypes(b.graph, types)];
  if (losses[0] !== losses[1]) found.push("Not comparable: the losses are different functions.");
  return found;
}

function lossTypes(graph: Graph, types: Catalogue): string {
  return graph.nodes
    .filter((node) => ownValue(types, node.type)?.kind === "loss")
    .map((node) => node.type)
    .sort()
    .join();
}

/** Return what else a reader must know before trusting a difference. */
export function cautions(runs: readonly Run[]): string[] {
  const epochs = new Set(runs.map((run) => run.progress.epoch));
  const seeds = new Set(runs.map((run) => run.seed));
  return [
    "One seed each: this may be chance.",
    ...(seeds.size > 1 ? ["The seeds differ, which explains part of any difference."] : []),
    ...(epochs.size > 1
      ? [
          `Trained for different numbers of epochs: ${runs.map((run) => plural(run.progress.epoch, "epoch")).join(", ")}.`,
        ]
      : []),
  ];
}
