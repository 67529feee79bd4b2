/** What differs between runs: of their graphs in words, and what makes their figures hard to compare. */
import type { Block, Edge, Graph, GraphNode, Json, Run } from "@/api/types";
import { infoOf } from "./blockInfo";
import { type Catalogue, paramLabel, shapeOf, valueText } from "./catalogue";
import { edgeId, nodeLabel } from "./document";
import { plural } from "./format";
import { blockOf } from "./rewire";
import { wiresInside } from "./scope";

export interface RunWithGraph {
  run: Run;
  graph: Graph;
}

/** What `after` has otherwise than `before`, a sentence each; nodes are matched by id, places do not count. */
export function graphDifferences(before: Graph, after: Graph, types: Catalogue): string[] {
  return [...partDifferences(before, after, types), ...blockDifferences(before, after, types)];
}

/** What changed inside of blocks that both graphs have, each under the block's name. */
function blockDifferences(before: Graph, after: Graph, types: Catalogue): string[] {
  return Object.entries(after.blocks ?? {}).flatMap(([id, block]) => {
    const was = before.blocks?.[id];
    if (!was || was === block) return [];
    const inside = (graph: Graph, { nodes }: Block, edges: Edge[]): Graph => ({ ...graph, nodes, edges });
    const found = partDifferences(
      inside(before, was, wiresInside(was)),
      inside(after, block, wiresInside(block)),
      types,
    );
    return found.map((sentence) => `In ${block.name}: ${sentence}`);
  });
}

function partDifferences(before: Graph, after: Graph, types: Catalogue): string[] {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const now = new Map(after.nodes.map((node) => [node.id, node]));
  const named = (graph: Graph, node: GraphNode): string => {
    const type = typeLabel(graph, types, node);
    return nodeLabel(node) === type ? nodeLabel(node) : `${nodeLabel(node)} (${type})`;
  };
  return [
    ...after.nodes.filter((node) => !old.has(node.id)).map((node) => `${named(after, node)} was added`),
    ...before.nodes.filter((node) => !now.has(node.id)).map((node) => `${named(before, node)} was removed`),
    ...after.nodes.flatMap((node) => {
      const was = old.get(node.id);
      return was ? nodeDifferences({ graph: before, node: was }, { graph: after, node }, types) : [];
    }),
    ...wireDifferences(before, after, old, now),
  ];
}

function typeLabel(graph: Graph, types: Catalogue, node: GraphNode): string {
  return infoOf(graph, types, node)?.display_name ?? node.type;
}

interface NodeIn {
  graph: Graph;
  node: GraphNode;
}

function nodeDifferences(before: NodeIn, after: NodeIn, types: Catalogue): string[] {
  const { node: was } = before;
  const { node } = after;
  const label = nodeLabel(node);
  const found: string[] = [];
  if (was.disabled !== node.disabled) found.push(`${label} was ${node.disabled ? "disabled" : "enabled"}`);
  if (nodeLabel(was) !== label) found.push(`${nodeLabel(was)} was renamed to ${label}`);
  if (was.type !== node.type || blockOf(was) !== blockOf(node)) {
    const [from, to] = [typeLabel(before.graph, types, was), typeLabel(after.graph, types, node)];
    return [...found, `${label}: ${from} → ${to}`];
  }
  for (const { name, label: text, before: old, after: now } of changedParams(before, after, types)) {
    found.push(`${label}: ${text || name} ${valueText(old)} → ${valueText(now)}`);
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
function changedParams(before: NodeIn, after: NodeIn, types: Catalogue): ParamChange[] {
  const specs = ({ graph, node }: NodeIn) => {
    const info = infoOf(graph, types, node);
    return new Map(info ? shapeOf(info).params.map((param) => [param.name, param]) : []);
  };
  const [old, now] = [specs(before), specs(after)];
  const names = new Set([
    ...now.keys(),
    ...Object.keys(before.node.params),
    ...Object.keys(after.node.params),
  ]);
  return [...names].flatMap((name) => {
    const value = ({ node }: NodeIn, known: typeof now): Json =>
      name in node.params ? (node.params[name] ?? null) : (known.get(name)?.default ?? null);
    const [was, is] = [value(before, old), value(after, now)];
    const param = now.get(name);
    const label = param ? paramLabel(param) : name;
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ name, label, before: was, after: is }];
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
