/** Replace a Block node with the inner nodes of its block; repeats are written out. */

import { insertAnnotations } from "@/features/graph/model/annotations";
import { CARD, GRID } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { findNode, nodeLabel, relinked } from "@/features/graph/model/document";
import { FRAME_PAD, frameRect } from "@/features/graph/model/layout/frames";
import { freeId, freeTitle } from "@/features/graph/model/names";
import { blockOf, OWN_PARAMS } from "@/features/graph/model/rewire";
import { INPUTS, OUTPUTS, openBlock, usesOf, wiresInside, withOpenBlock } from "@/features/graph/model/scope";
import type { Block, Edge, Graph, GraphNode, Json } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { linksIn } from "./makeBlock";

const COPY_GAP = 80;
const snap = (value: number): number => Math.round(value / GRID) * GRID;

/** Return why a node cannot be expanded, as a sentence; null if it can. */
export function whyNotExpand(graph: Graph, id: string): string | null {
  const node = findNode(graph, id);
  const block = node && ownValue(graph.blocks, blockOf(node) ?? "");
  if (!node || !block) return "Select a block to expand it.";
  if (node.disabled) return `${nodeLabel(node)} is disabled: enable it to expand it.`;
  if (node.params.shared === true && repeatsOf(node) > 1)
    return `The repeats of ${nodeLabel(node)} share weights, which single nodes would not. Set shared to off first.`;
  const sharing = graph.nodes.find((other) => blockOf(other) === blockOf(node) && sharesWith(other, node));
  if (sharing)
    return `${nodeLabel(sharing)} and ${nodeLabel(node)} share weights, which single nodes would not. Clear weights_of first.`;
  return null;
}

function sharesWith(one: GraphNode, other: GraphNode): boolean {
  return one.id !== other.id && (one.params.weights_of === other.id || other.params.weights_of === one.id);
}

/** Return the repeat count of a Block node; 1 for any other node. */
export function repeatsOf(node: GraphNode): number {
  return blockOf(node) !== undefined && typeof node.params.repeat === "number"
    ? Math.max(1, Math.floor(node.params.repeat))
    : 1;
}

/** Replace the Block node with its inner nodes, once per repeat; returns the graph and their ids. */
export function expandBlock(graph: Graph, catalogue: Catalogue, id: string): { graph: Graph; ids: string[] } {
  const node = findNode(graph, id);
  const block = node && ownValue(graph.blocks, blockOf(node) ?? "");
  if (!node || !block) return { graph, ids: [] };
  const rest = { ...graph, nodes: graph.nodes.filter((one) => one !== node) };
  const copies = copiesOf(rest, catalogue, node, block);
  const wiring = chained(graph, id, block, copies);
  const edges = graph.edges.flatMap((edge) => {
    if (edge.target === id) return [];
    if (edge.source !== id) return [edge];
    const from = wiring.outputs.get(edge.source_output);
    return from ? [{ ...edge, source: from.node, source_output: from.port }] : [];
  });
  const made = copies.flatMap((copy) => copy.nodes);
  const place = graph.nodes.indexOf(node);
  const next: Graph = {
    ...graph,
    nodes: [...rest.nodes.slice(0, place), ...made, ...rest.nodes.slice(place)],
    edges: [...edges, ...wiring.edges],
  };
  const annotated = copies.reduce((now, copy) => withAnnotations(now, block, copy), next);
  return { graph: exposedAgain(annotated, id, block, copies), ids: made.map((one) => one.id) };
}

/** Add the groups and notes of a block to a copy of its nodes. */
function withAnnotations(graph: Graph, block: Block, copy: Copy): Graph {
  const [first] = block.nodes;
  const now = copy.nodes.find((node) => node.id === copy.ids.get(first?.id ?? ""));
  const [from, to] = [first?.position, now?.position];
  const offset = { x: (to?.x ?? 0) - (from?.x ?? 0), y: (to?.y ?? 0) - (from?.y ?? 0) };
  return insertAnnotations(graph, block, copy.ids, offset).graph;
}

interface Copy {
  nodes: GraphNode[];
  /** Maps ids inside the block to ids outside. */
  ids: ReadonlyMap<string, string>;
}

function copiesOf(rest: Graph, catalogue: Catalogue, node: GraphNode, block: Block): Copy[] {
  const links = linksIn(rest, catalogue);
  const takenIds = new Set(rest.nodes.map((one) => one.id));
  const takenNames = new Set(rest.nodes.map((one) => one.name));
  const inner = withValues(block, node.params);
  const { x, y, width } = placesOf(inner);
  return Array.from({ length: repeatsOf(node) }, (_, index) => {
    const ids = new Map<string, string>();
    const named = inner.map((one) => {
      const id = freeId(takenIds, one.id);
      const name = one.name && freeTitle(takenNames, one.name);
      takenIds.add(id);
      takenNames.add(name);
      ids.set(one.id, id);
      const position = {
        x: snap((node.position?.x ?? 0) + (one.position?.x ?? 0) - x + index * (width + COPY_GAP)),
        y: snap((node.position?.y ?? 0) + (one.position?.y ?? 0) - y),
      };
      return { ...one, id, name, position };
    });
    return { nodes: named.map((one) => relinked(one, ids, links(one))), ids };
  });
}

/** Return the inner nodes with the exposed parameters set to the values of the Block node. */
function withValues(block: Block, params: Record<string, Json>): GraphNode[] {
  const values = new Map<string, Record<string, Json>>();
  for (const [name, refs] of Object.entries(block.params)) {
    const value = ownValue(params, name);
    if (value === undefined || OWN_PARAMS.includes(name)) continue;
    for (const ref of refs) values.set(ref.node, { ...values.get(ref.node), [ref.port]: value });
  }
  return block.nodes.map((node) => {
    const own = values.get(node.id);
    return own ? { ...node, params: { ...node.params, ...own } } : node;
  });
}

/** Return the centre of the positions of these nodes, and their total width. */
function placesOf(nodes: readonly GraphNode[]): { x: number; y: number; width: number } {
  const rect = frameRect(
    nodes.map(({ position }) => ({ ...(position ?? { x: 0, y: 0 }), width: 0, height: 0 })),
  );
  if (!rect) return { x: 0, y: 0, width: CARD.width };
  const width = rect.width - 2 * FRAME_PAD.side;
  const height = rect.height - FRAME_PAD.top - FRAME_PAD.bottom;
  return {
    x: rect.x + FRAME_PAD.side + width / 2,
    y: rect.y + FRAME_PAD.top + height / 2,
    width: width + CARD.width,
  };
}

interface End {
  node: string;
  port: string;
}

/**
 * Return the wires of all copies: the first output of one feeds the first input of the next; other inputs
 * feed all.
 */
function chained(
  graph: Graph,
  id: string,
  block: Block,
  copies: readonly Copy[],
): { edges: Edge[]; outputs: ReadonlyMap<string, End> } {
  const [firstInput] = Object.keys(block.inputs);
  const [firstOutput = ""] = Object.keys(block.outputs);
  const edges: Edge[] = [];
  let outputs: ReadonlyMap<string, End> = new Map();
  for (const [index, copy] of copies.entries()) {
    const before = [outputs.get(firstOutput) ?? []].flat();
    const sources = (edge: Edge): End[] => {
      if (edge.source !== INPUTS)
        return [{ node: copy.ids.get(edge.source) ?? "", port: edge.source_output }];
      return index > 0 && edge.source_output === firstInput ? before : feeding(graph, id, edge);
    };
    edges.push(...wiresOf(block, copy, sources));
    outputs = outputsOf(block, copy);
  }
  return { edges, outputs };
}

function wiresOf(block: Block, { ids }: Copy, sources: (edge: Edge) => End[]): Edge[] {
  return wiresInside(block).flatMap((edge) => {
    const target = ids.get(edge.target);
    if (target === undefined) return [];
    return sources(edge).map(({ node, port }) => ({ ...edge, source: node, source_output: port, target }));
  });
}

function outputsOf(block: Block, { ids }: Copy): Map<string, End> {
  return new Map(
    wiresInside(block).flatMap((edge) => {
      const node = edge.target === OUTPUTS ? ids.get(edge.source) : undefined;
      return node === undefined ? [] : [[edge.target_input, { node, port: edge.source_output }]];
    }),
  );
}

/** Return what feeds a port of the block from outside. */
function feeding(graph: Graph, id: string, inner: Edge): End[] {
  return graph.edges
    .filter((edge) => edge.target === id && edge.target_input === inner.source_output)
    .map((edge) => ({ node: edge.source, port: edge.source_output }));
}

/** Expose on the surrounding block the inner parameters that it exposed through this one. */
function exposedAgain(graph: Graph, id: string, block: Block, copies: readonly Copy[]): Graph {
  const open = openBlock(graph);
  if (!open) return graph;
  const params = Object.entries(open.params).map(([name, refs]) => [
    name,
    refs.flatMap((ref) => {
      if (ref.node !== id) return [ref];
      const inner = ownValue(block.params, ref.port) ?? [];
      return copies.flatMap(({ ids }) =>
        inner.map((one) => ({ ...one, node: ids.get(one.node) ?? one.node })),
      );
    }),
  ]);
  return withOpenBlock(graph, { params: Object.fromEntries(params) as Block["params"] });
}

/** Return the document without this block, if no node uses it. */
export function withoutUnused(document: Graph, blockId: string): Graph {
  if (!Object.hasOwn(document.blocks, blockId) || usesOf(document, blockId) > 0) return document;
  const { [blockId]: _unused, ...blocks } = document.blocks;
  return { ...document, blocks };
}
