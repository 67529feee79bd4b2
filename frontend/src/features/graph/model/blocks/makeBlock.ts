/** Turn selected nodes into a block: its definition, and a node that replaces them. */

import { annotationsOf } from "@/features/graph/model/annotations";
import { CARD, GRID } from "@/features/graph/model/card";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import { findNode, type Links, nodeLabel, uniqueName } from "@/features/graph/model/document";
import { FRAME_PAD, frameOf, frameRect } from "@/features/graph/model/layout/frames";
import { nodeHeight } from "@/features/graph/model/layout/rows";
import { freeId, freeName, idFromName } from "@/features/graph/model/names";
import { BLOCK, OWN_PARAMS } from "@/features/graph/model/rewire";
import { closed, INPUTS, NEW_PORT, OUTPUTS, openBlock, withOpenBlock } from "@/features/graph/model/scope";
import { topologicalOrder } from "@/features/graph/model/topologicalOrder";
import type { Block, Edge, Graph, GraphNode, NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { infoAt, infoOf } from "./blockInfo";

type Ids = ReadonlySet<string>;

/** Return the parameters of a node that refer to other nodes, such as the layer whose weights it shares. */
export function linksIn(graph: Graph, catalogue: Catalogue): Links {
  return (node) => {
    const info = infoOf(graph, catalogue, node);
    if (!info) return [];
    return shapeOf(info).params.flatMap((param) => (param.widget === "layer" ? [param.name] : []));
  };
}

/** Return why these nodes cannot become a block, as a sentence; null if they can. */
export function whyNotBlock(graph: Graph, catalogue: Catalogue, ids: Ids): string | null {
  const inside = graph.nodes.filter((node) => ids.has(node.id));
  if (inside.length === 0) return "Select the nodes of the block first.";
  const stranger = inside.find((node) => !fitsInBlock(infoOf(graph, catalogue, node)));
  if (stranger)
    return `${nodeLabel(stranger)} cannot be inside a block: a block holds layers, operations and other blocks.`;
  const between = graph.nodes.find((node) => liesBetween(graph, ids, node.id));
  if (between)
    return `${nodeLabel(between)} is between the selected nodes. Select it too, or the block would feed itself.`;
  return whyNotLinks(graph, catalogue, ids);
}

/** Whether nodes of this type may be inside a block. */
export function fitsInBlock(info: NodeInfo | undefined): boolean {
  return info !== undefined && info.kind !== "model" && frameOf(info) === "model";
}

function liesBetween(graph: Graph, ids: Ids, id: string): boolean {
  return !ids.has(id) && leadsTo(graph, id, "upstream", ids) && leadsTo(graph, id, "downstream", ids);
}

function leadsTo(graph: Graph, from: string, way: "upstream" | "downstream", ids: Ids): boolean {
  const found = new Set([from]);
  // The set grows while it is iterated: each node is visited once.
  for (const node of found) {
    for (const { source, target } of graph.edges) {
      const [here, next] = way === "upstream" ? [target, source] : [source, target];
      if (here !== node) continue;
      if (ids.has(next)) return true;
      found.add(next);
    }
  }
  return false;
}

function whyNotLinks(graph: Graph, catalogue: Catalogue, ids: Ids): string | null {
  const links = linksIn(graph, catalogue);
  for (const node of graph.nodes) {
    if (ids.has(node.id)) continue;
    for (const name of links(node)) {
      const inner = findNode(graph, String(ownValue(node.params, name) ?? ""));
      if (inner && ids.has(inner.id))
        return `${nodeLabel(node)} uses the weights of ${nodeLabel(inner)}: select both, or neither.`;
    }
  }
  return null;
}

interface Port {
  name: string;
  /** Its ends inside the block; the first determines its name and order. */
  ends: { node: string; port: string }[];
}

/** Turn these nodes into a block; returns the graph and the id of the node that replaces them. */
export function makeBlock(
  graph: Graph,
  catalogue: Catalogue,
  ids: Ids,
  name: string,
): { graph: Graph; id: string } {
  const inside = graph.nodes.filter((node) => ids.has(node.id));
  const blockId = freeId(new Set(Object.keys(graph.blocks)), idFromName(name));
  const id = freeId(new Set(graph.nodes.map((node) => node.id)), idFromName(name));
  const inputs = inputsOf(graph, catalogue, ids);
  const outputs = outputsOf(graph, catalogue, ids);
  const params = exposedBy(graph, ids, new Set([...inputs.values()].map((port) => port.name)));

  const none = { nodes: [], edges: [], groups: [], notes: [] };
  const empty: Block = { ...none, name, inputs: {}, outputs: {}, params: {} };
  const { groups, notes } = annotationsOf(graph, ids);
  const edges = [...innerEdges(graph, ids, inputs), ...portEdges(inputs, outputs)];
  const open = {
    id: blockId,
    name,
    inputs: [...inputs.values()].map((port) => port.name),
    outputs: [...outputs.values()].map((port) => port.name),
    params: params.inner,
  };
  const block = closed(empty, { ...graph, nodes: inside, edges, groups, notes }, open);
  const node: GraphNode = {
    id,
    type: BLOCK,
    name: uniqueName(without(graph, ids), name),
    disabled: false,
    version: catalogue[BLOCK]?.version ?? 1,
    position: middleOf(graph, catalogue, inside),
    params: { block: blockId },
  };
  const [first] = inside;
  const next: Graph = {
    ...graph,
    nodes: graph.nodes.flatMap((one) => (one === first ? [node] : ids.has(one.id) ? [] : [one])),
    edges: outerEdges(graph, ids, id, inputs, outputs),
    blocks: { ...graph.blocks, [blockId]: block },
    notes: graph.notes.filter((note) => !notes.includes(note)),
  };
  return { graph: openBlock(next) ? withOpenBlock(next, { params: params.outer(id) }) : next, id };
}

function without(graph: Graph, ids: Ids): Graph {
  return { ...graph, nodes: graph.nodes.filter((node) => !ids.has(node.id)) };
}

const keyOf = (node: string, port: string): string => JSON.stringify([node, port]);
const MODEL_INPUT = "";

/** Return the ports by the outside output that feeds them; the model's input, which has no wire, comes first. */
function inputsOf(graph: Graph, catalogue: Catalogue, ids: Ids): Map<string, Port> {
  const found = new Map<string, Port>();
  const add = (key: string, end: Port["ends"][number]): void => {
    const port = found.get(key) ?? { name: "", ends: [] };
    found.set(key, { ...port, ends: [...port.ends, end] });
  };
  const wired = new Set(graph.edges.map((edge) => edge.target));
  for (const node of graph.nodes) {
    const info = ids.has(node.id) && !wired.has(node.id) ? infoOf(graph, catalogue, node) : undefined;
    const [port] = info ? shapeOf(info).ports : [];
    if (port) add(MODEL_INPUT, { node: node.id, port: port.name });
  }
  for (const edge of graph.edges) {
    if (ids.has(edge.source) || !ids.has(edge.target)) continue;
    add(keyOf(edge.source, edge.source_output), { node: edge.target, port: edge.target_input });
  }
  const rank = placesOf(graph, catalogue, (info) => Object.keys(info.inputs));
  const sorted = [...found].map(([key, port]) => [key, sortedEnds(port, rank)] as const);
  sorted.sort(([a, one], [b, other]) => {
    const first = Number(b === MODEL_INPUT) - Number(a === MODEL_INPUT);
    return first || firstRank(one, rank) - firstRank(other, rank);
  });
  return named(new Map(sorted), "input", [...OWN_PARAMS, NEW_PORT]);
}

/** Return the ports by the inner output that is read outside; the last in data order comes first. */
function outputsOf(graph: Graph, catalogue: Catalogue, ids: Ids): Map<string, Port> {
  const found = new Map<string, Port>();
  for (const edge of graph.edges) {
    if (!ids.has(edge.source) || ids.has(edge.target)) continue;
    const end = { node: edge.source, port: edge.source_output };
    found.set(keyOf(end.node, end.port), { name: "", ends: [end] });
  }
  const rank = placesOf(graph, catalogue, (info) => info.outputs.map((output) => output.name).reverse());
  const sorted = [...found].sort(([, a], [, b]) => firstRank(b, rank) - firstRank(a, rank));
  return named(new Map(sorted), "output", [NEW_PORT]);
}

type Rank = (end: Port["ends"][number]) => number;

/** Rank ports in the order in which data flows through their nodes. */
function placesOf(graph: Graph, catalogue: Catalogue, names: (info: NodeInfo) => string[]): Rank {
  const order = new Map(topologicalOrder(graph).map((node, place) => [node.id, place]));
  return ({ node, port }) => {
    const info = infoAt(graph, catalogue, node);
    const place = info ? names(info).indexOf(port) : 0;
    return (order.get(node) ?? 0) + Math.max(0, place) / 1000;
  };
}

const firstRank = (port: Port, rank: Rank): number => Math.min(...port.ends.map(rank));

function sortedEnds(port: Port, rank: Rank): Port {
  return { ...port, ends: [...port.ends].sort((a, b) => rank(a) - rank(b)) };
}

/** Name a single port by its side; several by their inner port, or by their inner node if these are equal. */
function named(
  ports: ReadonlyMap<string, Port>,
  only: string,
  reserved: readonly string[],
): Map<string, Port> {
  const taken = new Set(reserved);
  const counts = new Map<string, number>();
  for (const { ends } of ports.values()) {
    const port = ends[0]?.port ?? "";
    counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  const named = new Map<string, Port>();
  for (const [key, port] of ports) {
    const { node, port: inner } = port.ends[0] ?? { node: only, port: only };
    const plain = ports.size === 1 || key === MODEL_INPUT ? only : "";
    const own = counts.get(inner) === 1 ? inner : "";
    const name = freeName(taken, plain, own, node, `${node}_${inner}`);
    taken.add(name);
    named.set(key, { ...port, name });
  }
  return named;
}

/** Return the inner wires in their order; wires from outside start at the block's ports. */
function innerEdges(graph: Graph, ids: Ids, inputs: ReadonlyMap<string, Port>): Edge[] {
  return graph.edges.flatMap((edge) => {
    if (!ids.has(edge.target)) return [];
    if (ids.has(edge.source)) return [edge];
    const port = inputs.get(keyOf(edge.source, edge.source_output));
    return port ? [{ ...edge, source: INPUTS, source_output: port.name }] : [];
  });
}

function portEdges(inputs: ReadonlyMap<string, Port>, outputs: ReadonlyMap<string, Port>): Edge[] {
  const model = inputs.get(MODEL_INPUT);
  return [
    ...(model?.ends ?? []).map(({ node, port }) => ({
      source: INPUTS,
      source_output: model?.name ?? "",
      target: node,
      target_input: port,
    })),
    ...[...outputs.values()].flatMap(({ name, ends }) =>
      ends.map(({ node, port }) => ({
        source: node,
        source_output: port,
        target: OUTPUTS,
        target_input: name,
      })),
    ),
  ];
}

function outerEdges(
  graph: Graph,
  ids: Ids,
  id: string,
  inputs: ReadonlyMap<string, Port>,
  outputs: ReadonlyMap<string, Port>,
): Edge[] {
  const drawn = new Set<string>();
  return graph.edges.flatMap((edge) => {
    const [from, to] = [ids.has(edge.source), ids.has(edge.target)];
    if (from === to) return from ? [] : [edge];
    const key = keyOf(edge.source, edge.source_output);
    if (from) return [{ ...edge, source: id, source_output: outputs.get(key)?.name ?? "" }];
    if (drawn.has(key)) return [];
    drawn.add(key);
    return [{ ...edge, target: id, target_input: inputs.get(key)?.name ?? "" }];
  });
}

/** Redirect parameters that the surrounding block exposes through the new block. */
function exposedBy(graph: Graph, ids: Ids, ports: ReadonlySet<string>) {
  const around = openBlock(graph)?.params ?? {};
  const taken = new Set([...ports, ...OWN_PARAMS]);
  const inner = new Map<string, Block["params"][string]>();
  const names = new Map<string, string>();
  for (const [name, refs] of Object.entries(around)) {
    const own = refs.filter((ref) => ids.has(ref.node));
    if (own.length === 0) continue;
    const free = freeName(taken, name);
    taken.add(free);
    inner.set(free, own);
    names.set(name, free);
  }
  const outer = (id: string): Block["params"] =>
    Object.fromEntries(
      Object.entries(around).map(([name, refs]) => {
        const others = refs.filter((ref) => !ids.has(ref.node));
        const through = names.get(name);
        return [name, through ? [...others, { node: id, port: through, index: null }] : others];
      }),
    );
  return { inner: Object.fromEntries(inner), outer };
}

function middleOf(graph: Graph, catalogue: Catalogue, nodes: readonly GraphNode[]): { x: number; y: number } {
  const rect = frameRect(
    nodes.map((node) => ({
      ...(node.position ?? { x: 0, y: 0 }),
      width: CARD.width,
      height: nodeHeight(graph, catalogue, node),
    })),
  );
  if (!rect) return { x: 0, y: 0 };
  const middle = rect.y + FRAME_PAD.top + (rect.height - FRAME_PAD.top - FRAME_PAD.bottom) / 2;
  return {
    x: Math.round((rect.x + rect.width / 2 - CARD.width / 2) / GRID) * GRID,
    y: Math.round((middle - CARD.header / 2) / GRID) * GRID,
  };
}
