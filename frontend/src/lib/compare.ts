/** What differs between runs: of their graphs in words, and what makes their figures hard to compare. */
import type { Graph, GraphNode, Json, Run } from "@/api/types";
import { type Catalogue, paramLabel, shapeOf, valueText } from "./catalogue";
import { edgeId, nodeLabel } from "./document";
import { plural } from "./format";

export interface RunWithGraph {
  run: Run;
  graph: Graph;
}

/** What `after` has otherwise than `before`, a sentence each; nodes are matched by id, places do not count. */
export function graphDifferences(before: Graph, after: Graph, types: Catalogue): string[] {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const now = new Map(after.nodes.map((node) => [node.id, node]));
  const typeName = (node: GraphNode): string => types[node.type]?.display_name ?? node.type;
  const named = (node: GraphNode): string =>
    nodeLabel(node) === typeName(node) ? nodeLabel(node) : `${nodeLabel(node)} (${typeName(node)})`;
  return [
    ...after.nodes.filter((node) => !old.has(node.id)).map((node) => `${named(node)} was added`),
    ...before.nodes.filter((node) => !now.has(node.id)).map((node) => `${named(node)} was removed`),
    ...after.nodes.flatMap((node) => {
      const was = old.get(node.id);
      return was ? nodeDifferences(was, node, types) : [];
    }),
    ...wireDifferences(before, after, old, now),
  ];
}

function nodeDifferences(was: GraphNode, node: GraphNode, types: Catalogue): string[] {
  const label = nodeLabel(node);
  const found: string[] = [];
  if (was.disabled !== node.disabled) found.push(`${label} was ${node.disabled ? "disabled" : "enabled"}`);
  if (nodeLabel(was) !== label) found.push(`${nodeLabel(was)} was renamed to ${label}`);
  if (was.type !== node.type) {
    const name = (type: string): string => types[type]?.display_name ?? type;
    return [...found, `${label}: ${name(was.type)} → ${name(node.type)}`];
  }
  for (const { name, label: text, before, after } of changedParams(was, node, types)) {
    found.push(`${label}: ${text || name} ${valueText(before)} → ${valueText(after)}`);
  }
  return found;
}

interface ParamChange {
  name: string;
  label: string;
  before: Json;
  after: Json;
}

/** Parameters whose values differ, a default stated or not. */
function changedParams(was: GraphNode, node: GraphNode, types: Catalogue): ParamChange[] {
  const info = types[node.type];
  const known = new Map(info ? shapeOf(info).params.map((param) => [param.name, param]) : []);
  const names = new Set([...known.keys(), ...Object.keys(was.params), ...Object.keys(node.params)]);
  return [...names].flatMap((name) => {
    const param = known.get(name);
    const value = (params: GraphNode["params"]): Json =>
      name in params ? (params[name] ?? null) : (param?.default ?? null);
    const [before, after] = [value(was.params), value(node.params)];
    const label = param ? paramLabel(param) : name;
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ name, label, before, after }];
  });
}

/** Wires between nodes that both graphs have; the others are told by their nodes. */
function wireDifferences(
  before: Graph,
  after: Graph,
  old: ReadonlyMap<string, GraphNode>,
  now: ReadonlyMap<string, GraphNode>,
): string[] {
  const missing = (from: Graph, than: Graph, verb: string): string[] => {
    const there = new Set(than.edges.map(edgeId));
    return from.edges.flatMap((edge) => {
      const [source, target] = [now.get(edge.source), now.get(edge.target)];
      if (there.has(edgeId(edge)) || !source || !target || !old.has(edge.source) || !old.has(edge.target))
        return [];
      return [
        `The wire from ${nodeLabel(source)} to ${nodeLabel(target)} (${edge.target_input}) was ${verb}`,
      ];
    });
  };
  return [...missing(before, after, "removed"), ...missing(after, before, "added")];
}

// Parameters of data nodes that decide which rows are held out, or what is predicted.
const WHAT_IS_MEASURED = ["target_columns", "val_ratio", "seed"];

/** Why figures of a run must not be held against those of another; empty where they may. */
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
    if (!match || types[node.type]?.kind !== "data") continue;
    for (const change of changedParams(match, node, types)) {
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
    .filter((node) => types[node.type]?.kind === "loss")
    .map((node) => node.type)
    .sort()
    .join();
}

/** What else a reader must know before believing a difference. */
export function cautions(runs: readonly Run[]): string[] {
  const epochs = new Set(runs.map((run) => run.progress.epoch));
  const seeds = new Set(runs.map((run) => run.seed));
  return [
    "One seed each: this may be chance.",
    ...(seeds.size > 1 ? ["The seeds differ: part of any difference is theirs."] : []),
    ...(epochs.size > 1
      ? [`Trained for different times: ${runs.map((run) => plural(run.progress.epoch, "epoch")).join(", ")}.`]
      : []),
  ];
}
