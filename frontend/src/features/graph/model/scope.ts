/**
 * Scopes: the graph itself, or the inside of a block at a path of Block nodes. The inside of a block is
 * viewed as a graph whose wires also connect to the block's own ports, so that every edit works there as
 * well.
 */

import { blocksUsed } from "@/features/graph/model/blocks/blockMerge";
import type { Block, Edge, Graph, GraphNode, PortRef } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { findNode } from "./document";
import { blockOf, dropParams, NOWHERE } from "./rewire";

/** Node ids of the block's own ports as ends of wires. */
export const INPUTS = "block:inputs";
export const OUTPUTS = "block:outputs";
/** The port of these ends that creates a new port. */
export const NEW_PORT = "+";

/** Ids of Block nodes, from the graph inwards; empty for the graph itself. */
export type Path = readonly string[];

export const ROOT: Path = [];

export interface OpenBlock {
  /** Of its definition. */
  id: string;
  name: string;
  inputs: readonly string[];
  outputs: readonly string[];
  params: Block["params"];
}

const OPEN = Symbol("the block that this is the inside of");

type Scope = Graph & { [OPEN]?: OpenBlock };

/** Return the block whose inside this graph is; undefined for the graph itself. */
export function openBlock(graph: Graph): OpenBlock | undefined {
  return (graph as Scope)[OPEN];
}

export function withOpenBlock(graph: Graph, change: Partial<OpenBlock>): Graph {
  const open = openBlock(graph);
  return open ? ({ ...graph, [OPEN]: { ...open, ...change } } as Scope) : graph;
}

/** Return the definition at a path; undefined if there is none. */
export function definitionAt(graph: Graph, path: Path): { id: string; block: Block } | undefined {
  let nodes = graph.nodes;
  let found: { id: string; block: Block } | undefined;
  for (const step of path) {
    const node = findNode({ nodes }, step);
    const id = node && blockOf(node);
    const block = ownValue(graph.blocks, id);
    if (id === undefined || !block) return undefined;
    found = { id, block };
    nodes = block.nodes;
  }
  return found;
}

/** Return the shortest path to a block's definition. */
export function pathTo(graph: Graph, block: string | null): Path {
  if (block === null) return ROOT;
  const seen = new Set<string>();
  const pending: { nodes: readonly GraphNode[]; path: string[] }[] = [{ nodes: graph.nodes, path: [] }];
  for (const { nodes, path } of pending) {
    for (const node of nodes) {
      const id = blockOf(node);
      const inner = id !== undefined && !seen.has(id) ? ownValue(graph.blocks, id) : undefined;
      if (id === undefined || !inner) continue;
      if (id === block) return [...path, node.id];
      seen.add(id);
      pending.push({ nodes: inner.nodes, path: [...path, node.id] });
    }
  }
  return ROOT;
}

/** Return the longest existing prefix of a path. */
export function nearestPath(graph: Graph, path: Path): Path {
  let length = path.length;
  while (length > 0 && !definitionAt(graph, path.slice(0, length))) length--;
  return length === path.length ? path : path.slice(0, length);
}

const scopes = new WeakMap<Graph, Map<string, Graph>>();

/** Return the scope at a path as a graph; the same object for the same document. */
export function scopeOf(graph: Graph, path: Path): Graph {
  if (path.length === 0) return graph;
  const known = scopes.get(graph) ?? new Map<string, Graph>();
  scopes.set(graph, known);
  const key = JSON.stringify(path);
  const scope = known.get(key) ?? insideOf(graph, path);
  known.set(key, scope);
  return scope;
}

function insideOf(graph: Graph, path: Path): Graph {
  const found = definitionAt(graph, path);
  if (!found) return graph;
  const { id, block } = found;
  const open: OpenBlock = {
    id,
    name: block.name,
    inputs: Object.keys(block.inputs),
    outputs: Object.keys(block.outputs),
    params: block.params,
  };
  const scope: Scope = {
    format: graph.format,
    name: graph.name,
    nodes: block.nodes,
    edges: wiresInside(block),
    blocks: graph.blocks,
    groups: block.groups,
    notes: block.notes,
    [OPEN]: open,
  };
  return scope;
}

/** Put an edited scope back into its document. */
export function withScope(graph: Graph, path: Path, scope: Graph): Graph {
  const before = scopeOf(graph, path);
  const open = openBlock(scope);
  if (scope === before || !open) return path.length === 0 ? scope : graph;
  const old = ownValue(scope.blocks, open.id);
  if (!old) return graph;
  const block = closed(old, scope, open);
  const next = { ...graph, name: scope.name, blocks: { ...scope.blocks, [open.id]: block } };
  const gone = Object.keys(old.params).filter((name) => !Object.hasOwn(block.params, name));
  return dropParams(next, open.id, gone);
}

const insides = new WeakMap<Block["inputs"], { of: Block; edges: Edge[] }>();

/** Return the wires inside a block, with those of its ports in their order among the wires of a port. */
export function wiresInside(block: Block): Edge[] {
  const known = insides.get(block.inputs);
  if (known && known.of.edges === block.edges && known.of.outputs === block.outputs) return known.edges;
  const edges = [...block.edges];
  const refs = Object.entries(block.inputs).flatMap(([port, list]) => list.map((ref) => ({ port, ref })));
  for (const { port, ref } of refs.sort((a, b) => placeIn(a.ref) - placeIn(b.ref))) {
    const edge = { source: INPUTS, source_output: port, target: ref.node, target_input: ref.port };
    edges.splice(spotFor(edges, ref), 0, edge);
  }
  for (const [port, { node, port: output }] of Object.entries(block.outputs)) {
    if (node) edges.push({ source: node, source_output: output, target: OUTPUTS, target_input: port });
  }
  insides.set(block.inputs, { of: block, edges });
  return edges;
}

const placeIn = (ref: PortRef): number => ref.index ?? Number.POSITIVE_INFINITY;

/** Return where a wire must be in the list to keep its order among the wires of its port. */
function spotFor(edges: readonly Edge[], ref: PortRef): number {
  let place = 0;
  for (const [spot, edge] of edges.entries()) {
    if (edge.target !== ref.node || edge.target_input !== ref.port) continue;
    if (place === ref.index) return spot;
    place++;
  }
  return edges.length;
}

/** Build a definition from a scope: wires of its ports become its inputs and outputs. */
export function closed(old: Block, { nodes, edges, groups, notes }: Graph, open: OpenBlock): Block {
  const inner = edges.filter((edge) => edge.source !== INPUTS && edge.target !== OUTPUTS);
  const refs = inputRefs(edges);
  const ids = new Set(nodes.map((node) => node.id));
  return {
    ...old,
    name: open.name,
    nodes,
    edges: keep(old.edges, inner, (a, b) => a.length === b.length && a.every((edge, i) => edge === b[i])),
    inputs: keep(old.inputs, Object.fromEntries(open.inputs.map((port) => [port, refs.get(port) ?? []]))),
    outputs: keep(old.outputs, Object.fromEntries(open.outputs.map((port) => [port, sourceOf(edges, port)]))),
    params: keep(old.params, stillThere(open.params, ids)),
    groups,
    notes,
  };
}

function inputRefs(edges: readonly Edge[]): Map<string, PortRef[]> {
  const found = new Map<string, PortRef[]>();
  const counts = new Map<string, number>();
  const keyOf = (edge: Edge): string => JSON.stringify([edge.target, edge.target_input]);
  const totals = new Map<string, number>();
  for (const edge of edges) totals.set(keyOf(edge), (totals.get(keyOf(edge)) ?? 0) + 1);
  for (const edge of edges) {
    const key = keyOf(edge);
    const place = counts.get(key) ?? 0;
    counts.set(key, place + 1);
    if (edge.source !== INPUTS) continue;
    const index = (totals.get(key) ?? 0) > 1 ? place : null;
    const list = found.get(edge.source_output) ?? [];
    found.set(edge.source_output, [...list, { node: edge.target, port: edge.target_input, index }]);
  }
  return found;
}

function sourceOf(edges: readonly Edge[], port: string): PortRef {
  const edge = edges.find((one) => one.target === OUTPUTS && one.target_input === port);
  return edge ? { node: edge.source, port: edge.source_output, index: null } : NOWHERE;
}

function stillThere(params: Block["params"], ids: ReadonlySet<string>): Block["params"] {
  const kept = Object.entries(params).map(
    ([name, refs]) => [name, refs.filter((ref) => ids.has(ref.node))] as const,
  );
  return Object.fromEntries(kept.filter(([, refs]) => refs.length > 0));
}

const alike = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Return the old object if the new one is equal, so that values derived from it stay cached. */
function keep<Value>(old: Value, now: Value, equal: (a: Value, b: Value) => boolean = alike): Value {
  return equal(old, now) ? old : now;
}

const end = (id: string, name: string): GraphNode => ({
  id,
  type: id,
  name,
  disabled: false,
  version: 1,
  position: null,
  params: {},
});
const ENDS: Record<string, GraphNode> = {
  [INPUTS]: end(INPUTS, "Inputs"),
  [OUTPUTS]: end(OUTPUTS, "Outputs"),
};

/** Return a node or one of the block's own ends by its id. */
export function findEnd(graph: Graph, id: string): GraphNode | undefined {
  return (openBlock(graph) && ownValue(ENDS, id)) ?? findNode(graph, id);
}

/** Whether this id is an end of the block instead of a node of the document. */
export function isEnd(id: string): boolean {
  return Object.hasOwn(ENDS, id);
}

/** The location of a node: its scope, and its id there. */
export interface NodeLocation {
  path: string[];
  node: string;
}

/** Locate a path id such as "encoder/0/fc": numbers after a repeated block are not nodes. */
export function locateNode(graph: Graph, id: string): NodeLocation | null {
  let nodes = graph.nodes;
  const path: string[] = [];
  let rest = id;
  for (;;) {
    if (findNode({ nodes }, rest)) return { path, node: rest };
    const [step = "", ...others] = rest.split("/");
    const node = others.length > 0 ? findNode({ nodes }, step) : undefined;
    const block = node && ownValue(graph.blocks, blockOf(node) ?? "");
    if (!node || !block) return null;
    path.push(step);
    nodes = block.nodes;
    const [first = ""] = others;
    const numbered =
      /^\d+$/.test(first) && (typeof node.params.repeat === "number" || !findNode({ nodes }, first));
    rest = others.slice(numbered && others.length > 1 ? 1 : 0).join("/");
  }
}

/** Return the number of nodes that represent a block, in the full document. */
export function usesOf(graph: Graph, id: string): number {
  const lists = [graph.nodes, ...Object.values(graph.blocks).map((block) => block.nodes)];
  return lists.reduce((sum, nodes) => sum + nodes.filter((node) => blockOf(node) === id).length, 0);
}

/** Whether the open block is one of these or inside one of them: it would then contain itself. */
export function wouldContainItself(graph: Graph, nodes: readonly GraphNode[]): boolean {
  const open = openBlock(graph);
  return open !== undefined && blocksUsed(graph.blocks, nodes).has(open.id);
}
