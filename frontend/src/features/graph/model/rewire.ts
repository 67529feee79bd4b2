/** Rename or remove ports and parameters of a block together with everything that uses them. */

import type { Block, Edge, Graph, GraphNode, PortRef } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

/** The node type of a node that represents a block. */
export const BLOCK = "Block";

/** Parameters of a Block node besides those that its block exposes. */
export const OWN_PARAMS: readonly string[] = ["block", "repeat", "shared", "weights_of"];

/** An output of a block that no inner node provides. */
export const NOWHERE: PortRef = { node: "", port: "", index: null };

/** Return the id of the block that a node represents; undefined for any other node. */
export function blockOf(node: GraphNode): string | undefined {
  return node.type === BLOCK && typeof node.params.block === "string" ? node.params.block : undefined;
}

type Renaming = (name: string) => string | null;

/** New names; null to remove. */
export interface Renamings {
  inputs?: Renaming;
  outputs?: Renaming;
  params?: Renaming;
}

const same: Renaming = (name) => name;

/** Rename only `from` to `to`. */
export function renaming(from: string, to: string | null): Renaming {
  return (name) => (name === from ? to : name);
}

/** Rename ports and parameters of a block wherever they are used: wires, values, and surrounding blocks. */
export function rewire(graph: Graph, id: string, names: Renamings): Graph {
  const { inputs = same, outputs = same, params = same } = names;
  const block = ownValue(graph.blocks, id);
  if (!block) return graph;
  const renamed = {
    ...block,
    inputs: mapKeys(block.inputs, inputs),
    outputs: mapKeys(block.outputs, outputs),
    params: mapKeys(block.params, params),
  };
  const change = { isInstance: (node: GraphNode) => blockOf(node) === id, inputs, outputs, params };
  let next: Graph = { ...graph, ...rewired(graph, change), blocks: { ...graph.blocks, [id]: renamed } };
  for (const [other, definition] of Object.entries(next.blocks)) {
    const result = rewiredBlock(definition, change);
    if (result.block === definition) continue;
    next = { ...next, blocks: { ...next.blocks, [other]: result.block } };
    if (result.gone.length > 0) next = dropParams(next, other, result.gone);
  }
  return next;
}

/** Remove parameters from a block, with their values in its nodes. */
export function dropParams(graph: Graph, id: string, gone: readonly string[]): Graph {
  return gone.length === 0
    ? graph
    : rewire(graph, id, { params: (name) => (gone.includes(name) ? null : name) });
}

interface Change extends Required<Renamings> {
  isInstance: (node: GraphNode) => boolean;
}

interface Part {
  nodes: GraphNode[];
  edges: Edge[];
}

/** Map a list, dropping nulls; returns the same list if nothing changes. */
function flatMapKept<Item>(items: Item[], change: (item: Item) => Item | null): Item[] {
  const next = items.flatMap((item) => change(item) ?? []);
  return next.length === items.length && next.every((item, place) => item === items[place]) ? items : next;
}

function rewired({ nodes, edges }: Part, change: Change): Part {
  const instances = new Set(nodes.filter(change.isInstance).map((node) => node.id));
  if (instances.size === 0) return { nodes, edges };
  return {
    nodes: flatMapKept(nodes, (node) => {
      if (!instances.has(node.id)) return node;
      const params = mapKeys(node.params, (name) => (OWN_PARAMS.includes(name) ? name : change.params(name)));
      return params === node.params ? node : { ...node, params };
    }),
    edges: flatMapKept(edges, (edge) => {
      const output = instances.has(edge.source) ? change.outputs(edge.source_output) : edge.source_output;
      const input = instances.has(edge.target) ? change.inputs(edge.target_input) : edge.target_input;
      if (output === null || input === null) return null;
      const kept = output === edge.source_output && input === edge.target_input;
      return kept ? edge : { ...edge, source_output: output, target_input: input };
    }),
  };
}

function rewiredBlock(block: Block, change: Change): { block: Block; gone: string[] } {
  const instances = new Set(block.nodes.filter(change.isInstance).map((node) => node.id));
  if (instances.size === 0) return { block, gone: [] };
  const through = (refs: readonly PortRef[], to: Renaming): PortRef[] =>
    refs.flatMap((ref) => {
      const port = instances.has(ref.node) ? to(ref.port) : ref.port;
      return port === null ? [] : [{ ...ref, port }];
    });
  const params = mapValues(block.params, (refs) => through(refs, change.params));
  const gone = Object.keys(params).filter((name) => ownValue(params, name)?.length === 0);
  return {
    block: {
      ...block,
      ...rewired(block, change),
      inputs: mapValues(block.inputs, (refs) => through(refs, change.inputs)),
      outputs: mapValues(block.outputs, (ref) => through([ref], change.outputs)[0] ?? NOWHERE),
      params,
    },
    gone,
  };
}

/** Map the keys of a record, keeping their order; returns the same object if none changes. */
function mapKeys<Value>(record: Record<string, Value>, to: Renaming): Record<string, Value> {
  if (Object.keys(record).every((key) => to(key) === key)) return record;
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => {
      const name = to(key);
      return name === null ? [] : [[name, value]];
    }),
  );
}

function mapValues<Value>(record: Record<string, Value>, to: (value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}
