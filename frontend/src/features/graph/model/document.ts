/** Pure edits of the graph document. Each returns the same object if nothing changes. */

import { definitionsFor, mergeBlocks, underNewId } from "@/features/graph/model/blocks/blockMerge";
import type { Block, Edge, Graph, GraphNode, Json, NodeInfo, Position } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { annotationsOf, insertAnnotations, moveNotes, removeNotes } from "./annotations";
import { BLOCK, blockOf } from "./rewire";

export const FORMAT = 1;

export function emptyGraph(name = "Untitled"): Graph {
  return { format: FORMAT, name, nodes: [], edges: [], blocks: {}, groups: [], notes: [] };
}

/** Return a key for a wire, unique within a graph. */
export function edgeId(edge: Edge): string {
  return [edge.source, edge.source_output, edge.target, edge.target_input].map(encodeURIComponent).join("/");
}

const byId = new WeakMap<GraphNode[], Map<string, GraphNode>>();

/** Return the node with this id; the index is built once per list of nodes. */
export function findNode(graph: Pick<Graph, "nodes">, id: string): GraphNode | undefined {
  let index = byId.get(graph.nodes);
  if (!index) {
    index = new Map(graph.nodes.map((node) => [node.id, node]));
    byId.set(graph.nodes, index);
  }
  return index.get(id);
}

/** Return the name of a node for sentences, the same as on the server. */
export function nodeLabel(node: GraphNode): string {
  return node.name || node.id;
}

function uniqueId(graph: Graph, type: string): string {
  const stem = type.toLowerCase().replace(/[^a-z0-9_]+/g, "") || "node";
  const taken = new Set(graph.nodes.map((node) => node.id));
  for (let n = 1; ; n++) if (!taken.has(`${stem}${n}`)) return `${stem}${n}`;
}

export function uniqueName(graph: Graph, preferred: string): string {
  const taken = new Set(graph.nodes.map((node) => node.name));
  if (!taken.has(preferred)) return preferred;
  const stem = preferred.replace(/ \d+$/, "");
  for (let n = 2; ; n++) if (!taken.has(`${stem} ${n}`)) return `${stem} ${n}`;
}

/** Add a node of this type, with default parameters except those given; returns the graph and the new id. */
export function addNode(
  graph: Graph,
  info: NodeInfo,
  position: Position,
  params: GraphNode["params"] = {},
): { graph: Graph; id: string } {
  const node: GraphNode = {
    id: uniqueId(graph, info.type === BLOCK && params.block ? String(params.block) : info.type),
    type: info.type,
    name: uniqueName(graph, info.display_name),
    disabled: false,
    version: info.version,
    position,
    params,
  };
  return { graph: { ...graph, nodes: [...graph.nodes, node] }, id: node.id };
}

function updateNode(graph: Graph, id: string, change: (node: GraphNode) => GraphNode): Graph {
  let changed = false;
  const nodes = graph.nodes.map((node) => {
    if (node.id !== id) return node;
    const next = change(node);
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...graph, nodes } : graph;
}

export function setParam(graph: Graph, id: string, param: string, value: Json): Graph {
  return updateNode(graph, id, (node) =>
    Object.is(ownValue(node.params, param), value)
      ? node
      : { ...node, params: { ...node.params, [param]: value } },
  );
}

export function renameNode(graph: Graph, id: string, name: string): Graph {
  return updateNode(graph, id, (node) => (node.name === name ? node : { ...node, name }));
}

export function renameGraph(graph: Graph, name: string): Graph {
  return graph.name === name ? graph : { ...graph, name };
}

export function setDisabled(graph: Graph, ids: ReadonlySet<string>, disabled: boolean): Graph {
  if (!graph.nodes.some((node) => ids.has(node.id) && node.disabled !== disabled)) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => (ids.has(node.id) ? { ...node, disabled } : node)) };
}

export function moveNodes(graph: Graph, positions: ReadonlyMap<string, Position>): Graph {
  const moved = (node: GraphNode): boolean => {
    const to = positions.get(node.id);
    return to !== undefined && (to.x !== node.position?.x || to.y !== node.position.y);
  };
  if (!graph.nodes.some(moved)) return moveNotes(graph, positions);
  return {
    ...moveNotes(graph, positions),
    nodes: graph.nodes.map((node) => {
      const position = positions.get(node.id);
      return position && moved(node) ? { ...node, position } : node;
    }),
  };
}

/** Add a wire. An input that takes one wire loses its previous wire. */
export function connect(graph: Graph, edge: Edge, multiple: boolean): Graph {
  const id = edgeId(edge);
  if (graph.edges.some((other) => edgeId(other) === id)) return graph;
  const kept = multiple
    ? graph.edges
    : graph.edges.filter((other) => other.target !== edge.target || other.target_input !== edge.target_input);
  return { ...graph, edges: [...kept, edge] };
}

/** Replace a wire in one step; it keeps its position among the wires of one input. */
export function reconnect(graph: Graph, oldId: string, edge: Edge, multiple: boolean): Graph {
  const id = edgeId(edge);
  if (id === oldId) return graph;
  const old = graph.edges.find((other) => edgeId(other) === oldId);
  const alone = graph.edges.every((other) => edgeId(other) !== id);
  if (alone && old?.target === edge.target && old.target_input === edge.target_input)
    return { ...graph, edges: graph.edges.map((other) => (other === old ? edge : other)) };
  return connect(remove(graph, new Set(), new Set([oldId])), edge, multiple);
}

/** Remove nodes with their wires, notes, and wires. */
export function remove(graph: Graph, nodes: ReadonlySet<string>, edges: ReadonlySet<string>): Graph {
  const goes = (edge: Edge): boolean =>
    nodes.has(edge.source) || nodes.has(edge.target) || edges.has(edgeId(edge));
  const kept = {
    nodes: graph.nodes.filter((node) => !nodes.has(node.id)),
    edges: graph.edges.filter((edge) => !goes(edge)),
  };
  const same = kept.nodes.length === graph.nodes.length && kept.edges.length === graph.edges.length;
  return removeNotes(same ? graph : { ...graph, ...kept }, nodes);
}

/** Nodes with the wires between them and the blocks that they use, as they are copied. */
export interface Fragment {
  nodes: GraphNode[];
  edges: Edge[];
  blocks?: Graph["blocks"];
  groups?: Graph["groups"];
  notes?: Graph["notes"];
}

export function fragmentOf(graph: Graph, ids: ReadonlySet<string>): Fragment {
  const nodes = graph.nodes.filter((node) => ids.has(node.id));
  const edges = graph.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  return { nodes, edges, blocks: definitionsFor(graph.blocks, nodes), ...annotationsOf(graph, ids) };
}

/** The parameters of a node that refer to other nodes of its graph by id. */
export type Links = (node: GraphNode) => readonly string[];

/**
 * Insert a copy of a fragment under new ids, moved by `offset`; returns the graph and the new ids. A wire
 * from a node outside the fragment is kept if `comesIn` allows it.
 */
export function insert(
  graph: Graph,
  fragment: Fragment,
  offset: Position,
  links: Links = () => [],
  comesIn: (edge: Edge) => boolean = () => false,
): { graph: Graph; ids: string[] } {
  const { blocks, renamed: blockIds } = mergeBlocks(graph.blocks, fragment.blocks ?? {});
  let next = { ...graph, blocks };
  const renamed = new Map<string, string>();
  for (const node of fragment.nodes) {
    const id = uniqueId(next, node.type === BLOCK ? (blockOf(node) ?? BLOCK) : node.type);
    renamed.set(node.id, id);
    const position = {
      x: (node.position?.x ?? 0) + offset.x,
      y: (node.position?.y ?? 0) + offset.y,
    };
    const name = node.name && uniqueName(next, node.name);
    next = { ...next, nodes: [...next.nodes, { ...underNewId(node, blockIds), id, name, position }] };
  }
  const ids = new Set(renamed.values());
  const nodes = next.nodes.map((node) => (ids.has(node.id) ? relinked(node, renamed, links(node)) : node));
  const edges = fragment.edges.flatMap((edge) => {
    const source = renamed.get(edge.source) ?? (comesIn(edge) ? edge.source : undefined);
    const target = renamed.get(edge.target);
    return source && target ? [{ ...edge, source, target }] : [];
  });
  const copied = { ...next, nodes, edges: [...next.edges, ...edges] };
  const { graph: annotated, keys } = insertAnnotations(copied, fragment, renamed, offset);
  return { graph: annotated, ids: [...ids, ...keys] };
}

/** Return the node with parameters that refer to other nodes by their new ids. */
export function relinked(
  node: GraphNode,
  renamed: ReadonlyMap<string, string>,
  links: readonly string[],
): GraphNode {
  let params = node.params;
  for (const name of links) {
    const now = renamed.get(String(ownValue(params, name) ?? ""));
    if (now !== undefined && now !== ownValue(params, name)) params = { ...params, [name]: now };
  }
  return params === node.params ? node : { ...node, params };
}

/** Whether two documents are equal for the server: everything except positions. */
export function sameMeaning(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  if (!samePart(a, b)) return false;
  if (a.blocks === b.blocks) return true;
  const ids = Object.keys(a.blocks);
  return (
    ids.length === Object.keys(b.blocks).length &&
    ids.every((id) => sameBlock(ownValue(a.blocks, id), ownValue(b.blocks, id)))
  );
}

function sameBlock(a: Block | undefined, b: Block | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  const ports = a.inputs === b.inputs && a.outputs === b.outputs && a.params === b.params;
  return ports && a.name === b.name && samePart(a, b);
}

function samePart(a: Pick<Graph, "nodes" | "edges">, b: Pick<Graph, "nodes" | "edges">): boolean {
  if (a.edges !== b.edges || a.nodes.length !== b.nodes.length) return false;
  return a.nodes.every((node, i) => {
    const other = b.nodes[i];
    return (
      node === other ||
      (other !== undefined &&
        node.id === other.id &&
        node.type === other.type &&
        node.name === other.name &&
        node.disabled === other.disabled &&
        node.params === other.params)
    );
  });
}
