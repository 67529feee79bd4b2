/** The graph as a tree that can be read from top to bottom: frames, their nodes, and the wires of each node. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, type NamedInput, shapeOf } from "@/features/graph/model/catalogue";
import { edgeId, nodeLabel } from "@/features/graph/model/document";
import { FRAMES, type FrameKind, frameOf } from "@/features/graph/model/layout/frames";
import { findEnd } from "@/features/graph/model/scope";
import type { Edge, Graph, GraphNode, NodeInfo } from "@/shared/api/types";

interface Row {
  id: string;
  /** Depth in the tree, from 1. */
  level: 1 | 2 | 3;
  /** Its position among its siblings, from 1, and their number. */
  position: number;
  of: number;
}

interface FrameRow extends Row {
  kind: "frame";
  title: string;
  nodes: number;
  open: boolean;
}

export interface NodeRow extends Row {
  kind: "node";
  node: GraphNode;
  info: NodeInfo | undefined;
  open: boolean;
}

export interface WireRow extends Row {
  kind: "wire";
  node: string;
  /** Display text: "input from fc1 · output". */
  text: string;
  /** The wire, and the node at its other end; null for an input without one. */
  edge: Edge | null;
  other: string | null;
  required: boolean;
}

export type OutlineRow = FrameRow | NodeRow | WireRow;

/** Return the visible rows. Frames are open and nodes closed, except those `toggled` by the user. */
export function outlineRows(graph: Graph, types: Catalogue, toggled: ReadonlySet<string>): OutlineRow[] {
  const infos = new Map(graph.nodes.map((node) => [node.id, infoOf(graph, types, node)]));
  const members = new Map<FrameKind, GraphNode[]>(FRAMES.map(({ kind }) => [kind, []]));
  for (const node of graph.nodes) members.get(frameOf(infos.get(node.id)))?.push(node);
  const frames = FRAMES.filter(({ kind }) => members.get(kind)?.length);
  return frames.flatMap(({ kind, title }, position): OutlineRow[] => {
    const nodes = members.get(kind) ?? [];
    const id = `frame:${kind}`;
    const open = !toggled.has(id);
    const row: FrameRow = {
      kind: "frame",
      id,
      level: 1,
      ...siblingPosition(position, frames),
      title,
      nodes: nodes.length,
      open,
    };
    return [
      row,
      ...(open
        ? nodes.flatMap((node, at) =>
            nodeRows(graph, node, infos.get(node.id), toggled, siblingPosition(at, nodes)),
          )
        : []),
    ];
  });
}

const siblingPosition = (index: number, siblings: readonly unknown[]) => ({
  position: index + 1,
  of: siblings.length,
});

function nodeRows(
  graph: Graph,
  node: GraphNode,
  info: NodeInfo | undefined,
  toggled: ReadonlySet<string>,
  where: { position: number; of: number },
): OutlineRow[] {
  const id = `node:${node.id}`;
  const open = toggled.has(id);
  const row: NodeRow = { kind: "node", id, level: 2, ...where, node, info, open };
  if (!open) return [row];
  const wires = [...inputsOf(graph, node, info), ...outputsOf(graph, node)];
  return [row, ...wires.map((wire, index): WireRow => ({ ...wire, ...siblingPosition(index, wires) }))];
}

type Wire = Omit<WireRow, "position" | "of">;

function inputsOf(graph: Graph, node: GraphNode, info: NodeInfo | undefined): Wire[] {
  const edges = graph.edges.filter((edge) => edge.target === node.id);
  const ports = info ? shapeOf(info).ports : [];
  const known = new Set(ports.map((port) => port.name));
  return [
    ...ports.flatMap((port) => {
      const own = edges.filter((edge) => edge.target_input === port.name);
      return own.length > 0 ? own.map((edge) => wireInto(graph, edge)) : [withoutWire(node, port)];
    }),
    ...edges.filter((edge) => !known.has(edge.target_input)).map((edge) => wireInto(graph, edge)),
  ];
}

const shown = (port: string): string => port.replaceAll("_", " ");

function withoutWire(node: GraphNode, port: NamedInput): Wire {
  return {
    kind: "wire",
    id: `port:${node.id}/${port.name}`,
    level: 3,
    node: node.id,
    text: `${shown(port.name)}: no wire`,
    edge: null,
    other: null,
    required: port.required,
  };
}

function wireInto(graph: Graph, edge: Edge): Wire {
  const text = `${shown(edge.target_input)} from ${labelOf(graph, edge.source)} · ${shown(edge.source_output)}`;
  return { ...wire(edge, "in", text), node: edge.target, other: edge.source };
}

function outputsOf(graph: Graph, node: GraphNode): Wire[] {
  return graph.edges
    .filter((edge) => edge.source === node.id)
    .map((edge) => {
      const text = `${shown(edge.source_output)} into ${labelOf(graph, edge.target)} · ${shown(edge.target_input)}`;
      return { ...wire(edge, "out", text), node: node.id, other: edge.target };
    });
}

function wire(edge: Edge, way: "in" | "out", text: string) {
  return {
    kind: "wire" as const,
    id: `${way}:${edgeId(edge)}`,
    level: 3 as const,
    text,
    edge,
    required: false,
  };
}

function labelOf(graph: Graph, id: string): string {
  const end = findEnd(graph, id);
  return end ? nodeLabel(end) : id;
}
