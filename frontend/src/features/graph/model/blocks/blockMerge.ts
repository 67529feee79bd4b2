/** Merge blocks that are pasted or added from the library into the blocks of a graph. */

import { freeId, freeTitle } from "@/features/graph/model/names";
import { blockOf } from "@/features/graph/model/rewire";
import type { Block, Graph, GraphNode } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

type Blocks = Graph["blocks"];

/** Return the ids of the blocks that these nodes use, including nested ones. */
export function blocksUsed(blocks: Blocks, nodes: readonly GraphNode[]): Set<string> {
  const idsIn = (list: readonly GraphNode[]): string[] =>
    list.flatMap((node) => blockOf(node) ?? []).filter((id) => Object.hasOwn(blocks, id));
  const found = new Set(idsIn(nodes));
  // The set grows while it is iterated: each block is visited once.
  for (const id of found) for (const inner of idsIn(ownValue(blocks, id)?.nodes ?? [])) found.add(inner);
  return found;
}

/** Return the definitions that these nodes need. */
export function definitionsFor(blocks: Blocks, nodes: readonly GraphNode[]): Blocks {
  const definitions = [...blocksUsed(blocks, nodes)].flatMap((id) => {
    const block = ownValue(blocks, id);
    return block ? [[id, block] as const] : [];
  });
  return Object.fromEntries(definitions);
}

/**
 * Add blocks to others. A block with the same id and content is reused; different content under the same id
 * gets a new id. `renamed` maps each old id to its new one.
 */
export function mergeBlocks(
  blocks: Blocks,
  incoming: Blocks,
): { blocks: Blocks; renamed: Map<string, string> } {
  let next = blocks;
  const renamed = new Map<string, string>();
  const add = (id: string): void => {
    const block = ownValue(incoming, id);
    if (!block || renamed.has(id)) return;
    renamed.set(id, id);
    for (const node of block.nodes) add(blockOf(node) ?? "");
    const known = { ...block, nodes: block.nodes.map((node) => underNewId(node, renamed)) };
    const there = idOfSame(next, id, known);
    renamed.set(id, there ?? freeId(new Set(Object.keys(next)), id));
    if (there !== undefined) return;
    const names = new Set(Object.values(next).map((other) => other.name));
    next = { ...next, [renamed.get(id) ?? id]: { ...known, name: freeTitle(names, known.name) } };
  };
  for (const id of Object.keys(incoming)) add(id);
  return { blocks: next, renamed };
}

/** Return a Block node that refers to its block by the new id. */
export function underNewId(node: GraphNode, renamed: ReadonlyMap<string, string>): GraphNode {
  const now = renamed.get(blockOf(node) ?? "");
  return now === undefined || now === node.params.block
    ? node
    : { ...node, params: { ...node.params, block: now } };
}

function idOfSame(blocks: Blocks, id: string, block: Block): string | undefined {
  const text = content(block);
  const isSame = (other: string): boolean => {
    const known = ownValue(blocks, other);
    return known !== undefined && content(known) === text;
  };
  if (isSame(id)) return id;
  const stem = new RegExp(`^${id.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}_\\d+$`);
  return Object.keys(blocks).find((other) => stem.test(other) && isSame(other));
}

/** Return what a block computes, as text: without its name and the positions of its nodes. */
function content({ nodes, edges, inputs, outputs, params }: Block): string {
  const bare = nodes.map(({ position: _place, ...node }) => node);
  const ports = [inputs, outputs, params].map((record) => Object.entries(record));
  return JSON.stringify([bare, edges, ports], sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
