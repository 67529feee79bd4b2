/** Differences between two graphs. Nodes are matched by id; positions do not count. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, paramLabel, shapeOf, valueText } from "@/features/graph/model/catalogue";
import { edgeId, nodeLabel } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { INPUTS, OUTPUTS, wiresInside } from "@/features/graph/model/scope";
import type { Block, Edge, Graph, GraphNode, Json } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";

export type ChangeKind = "added" | "removed" | "changed";

export interface Difference {
  kind: ChangeKind;
  /** A sentence without its full stop. */
  text: string;
  /** The id of the block that contains it; null for the graph itself. */
  block: string | null;
  /** The node that it is about; null for a wire or the graph. */
  node: string | null;
}

type Part = Pick<Graph, "nodes" | "edges">;

interface Side {
  /** The graph that defines the types of its nodes. */
  graph: Graph;
  part: Part;
}

/** Return how `after` differs from `before`. */
export function compareGraphs(before: Graph, after: Graph, types: Catalogue): Difference[] {
  const whole = (graph: Graph): Side => ({ graph, part: graph });
  return [
    ...named(before.name, after.name, "The graph"),
    ...partDifferences(whole(before), whole(after), types),
    ...blockDifferences(before, after, types),
    ...otherKeys(before, after, GRAPH_KEYS).map((key) => other(`${titled(key)} changed`, null)),
  ];
}

const GRAPH_KEYS = new Set(["format", "name", "nodes", "edges", "blocks"]);
const NODE_KEYS = new Set(["id", "type", "name", "disabled", "version", "position", "params"]);

const titled = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1).replaceAll("_", " ");

/** Return the unknown keys whose values differ. */
function otherKeys(before: object, after: object, known: ReadonlySet<string>): string[] {
  const value = (of: object, key: string): string =>
    JSON.stringify(ownValue(of as Record<string, Json | undefined>, key)) ?? "";
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !known.has(key) && value(before, key) !== value(after, key));
}

const other = (text: string, node: string | null): Difference => ({
  kind: "changed",
  text,
  block: null,
  node,
});

function named(before: string, after: string, what: string): Difference[] {
  return before === after ? [] : [other(`${what} “${before}” was renamed to “${after}”`, null)];
}

/** Return the changes inside blocks that both graphs have. */
function blockDifferences(before: Graph, after: Graph, types: Catalogue): Difference[] {
  return Object.entries(after.blocks ?? {}).flatMap(([id, block]) => {
    const was = ownValue(before.blocks, id);
    if (!was || was === block) return [];
    const inside = (graph: Graph, of: Block): Side => ({
      graph,
      part: { nodes: of.nodes, edges: wiresInside(of) },
    });
    const found = [
      ...named(was.name, block.name, "The block"),
      ...partDifferences(inside(before, was), inside(after, block), types),
      ...exposures(was, block),
    ];
    return found.map((one) => ({ ...one, block: id, text: `In ${block.name}: ${one.text}` }));
  });
}

function exposures(before: Block, after: Block): Difference[] {
  const [was, is] = [Object.keys(before.params), Object.keys(after.params)];
  return [
    ...is
      .filter((name) => !was.includes(name))
      .map((name) => other(`the parameter ${name} is exposed`, null)),
    ...was
      .filter((name) => !is.includes(name))
      .map((name) => other(`the parameter ${name} is no longer exposed`, null)),
  ];
}

function partDifferences(before: Side, after: Side, types: Catalogue): Difference[] {
  const old = new Map(before.part.nodes.map((node) => [node.id, node]));
  const now = new Map(after.part.nodes.map((node) => [node.id, node]));
  const full = ({ graph }: Side, node: GraphNode): string => {
    const type = typeLabel(graph, types, node);
    return nodeLabel(node) === type ? nodeLabel(node) : `${nodeLabel(node)} (${type})`;
  };
  const gone = (side: Side, than: ReadonlyMap<string, GraphNode>, kind: "added" | "removed"): Difference[] =>
    side.part.nodes
      .filter((node) => !than.has(node.id))
      .map((node) => ({ kind, text: `${full(side, node)} was ${kind}`, block: null, node: node.id }));
  return [
    ...gone(after, old, "added"),
    ...gone(before, now, "removed"),
    ...after.part.nodes.flatMap((node) => {
      const was = old.get(node.id);
      if (!was || was === node) return [];
      const sentences = nodeDifferences(
        { graph: before.graph, node: was },
        { graph: after.graph, node },
        types,
      );
      return sentences.map((text) => other(text, node.id));
    }),
    ...wireDifferences(before.part, after.part, old, now),
  ];
}

function typeLabel(graph: Graph, types: Catalogue, node: GraphNode): string {
  return infoOf(graph, types, node)?.display_name ?? node.type;
}

export interface NodeIn {
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
  found.push(...otherKeys(was, node, NODE_KEYS).map((key) => `${label}: ${key} changed`));
  return found;
}

interface ParamChange {
  name: string;
  label: string;
  before: Json;
  after: Json;
}

/** Return the parameters whose values differ, whether a default is stated or not. */
export function changedParams(before: NodeIn, after: NodeIn, types: Catalogue): ParamChange[] {
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
      Object.hasOwn(node.params, name)
        ? (ownValue(node.params, name) ?? null)
        : (known.get(name)?.default ?? null);
    const [was, is] = [value(before, old), value(after, now)];
    const param = now.get(name);
    const label = param ? paramLabel(param) : name;
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ name, label, before: was, after: is }];
  });
}

type Nodes = ReadonlyMap<string, GraphNode>;

const ENDS: Record<string, string> = { [INPUTS]: "the inputs", [OUTPUTS]: "the outputs" };

/** Return differences of wires between nodes that both graphs have; other wires follow from their nodes. */
function wireDifferences(before: Part, after: Part, old: Nodes, now: Nodes): Difference[] {
  const name = (id: string): string | undefined => {
    const node = old.has(id) ? now.get(id) : undefined;
    return node ? nodeLabel(node) : ownValue(ENDS, id);
  };
  const missing = (from: Part, than: Part, kind: "added" | "removed"): Difference[] => {
    const there = new Set(than.edges.map(edgeId));
    return from.edges.flatMap((edge) => {
      const [source, target] = [name(edge.source), name(edge.target)];
      if (there.has(edgeId(edge)) || !source || !target) return [];
      const text = `The wire from ${source} to ${target} (${edge.target_input}) was ${kind}`;
      return [{ kind, text, block: null, node: null }];
    });
  };
  return [
    ...missing(before, after, "removed"),
    ...missing(after, before, "added"),
    ...reordered(before.edges, after.edges).map(({ target, target_input }) =>
      other(`The order of the wires into ${name(target) ?? target} (${target_input}) changed`, target),
    ),
  ];
}

/** Return ports with the same wires in a different order, which matters if a port takes several. */
function reordered(before: readonly Edge[], after: readonly Edge[]): Edge[] {
  const [old, now] = [byPort(before), byPort(after)];
  return [...now].flatMap(([port, edges]) => {
    const was = old.get(port);
    const [first] = edges;
    if (!first || was?.length !== edges.length) return [];
    const [a, b] = [was.map(edgeId), edges.map(edgeId)];
    const same = a.every((id, index) => id === b[index]);
    return !same && a.every((id) => b.includes(id)) ? [first] : [];
  });
}

function byPort(edges: readonly Edge[]): Map<string, Edge[]> {
  const found = new Map<string, Edge[]>();
  for (const edge of edges) {
    const port = JSON.stringify([edge.target, edge.target_input]);
    found.set(port, [...(found.get(port) ?? []), edge]);
  }
  return found;
}

const FEW = 2;

/** Summarize the differences in a few words. */
export function summaryOf(differences: readonly Difference[]): string {
  const texts = differences.map(({ text }) => text);
  if (texts.length === 0) return "Only positions";
  const more = texts.length - FEW;
  return more > 1
    ? `${texts.slice(0, FEW).join(" · ")} · ${formatMore(more)}`
    : texts.slice(0, FEW + 1).join(" · ");
}

const formatMore = (count: number): string => `${plural(count, "change")} more`;
