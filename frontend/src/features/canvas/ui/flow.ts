/** The document as React Flow draws it: cards, frames and wires. Unchanged objects stay the same. */
import type { Edge as FlowEdge, Node as FlowNode } from "@xyflow/react";
import { connectedInputs, describeNode } from "@/features/canvas/model/describe";
import { noteKey } from "@/features/graph/model/annotations";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { CARD, GHOST_ROOM, GRID, portsHeight } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { edgeId } from "@/features/graph/model/document";
import {
  FRAMES,
  type FrameKind,
  frameOf,
  frameRect,
  groupRect,
  type Rect,
} from "@/features/graph/model/layout/frames";
import { nodeHeight, rowsOf } from "@/features/graph/model/layout/rows";
import { routeBetween, routeBetweenRows, type WireRoute } from "@/features/graph/model/layout/wireRouting";
import { INPUTS, OUTPUTS, openBlock } from "@/features/graph/model/scope";
import type { Size } from "@/features/graph/store/viewState";
import type { Edge, Graph, GraphNode, Group, Note, Position, Report } from "@/shared/api/types";

export type CardNode = FlowNode<Record<string, never>, "card">;
export type FrameNode = FlowNode<{ kind: FrameKind; ports: FoldedPort[] | null }, "frame">;
export type PortsNode = FlowNode<Record<string, never>, "ports">;
export type GroupNode = FlowNode<{ group: Group; ports: FoldedPort[] | null }, "grouping">;
export type NoteNode = FlowNode<{ note: Note }, "note">;
export type CanvasNode = CardNode | FrameNode | PortsNode | GroupNode | NoteNode;
export type WireEdge = FlowEdge<{ edge: Edge; route: WireRoute | null; first: boolean }, "wire">;

/** A port of a node inside a folded frame that has a wire to the outside. */
export interface FoldedPort {
  node: string;
  port: string;
  side: "source" | "target";
}

export interface View {
  graph: Graph;
  types: Catalogue;
  report: Report | null;
  sizes: ReadonlyMap<string, Size>;
  dragged: ReadonlyMap<string, Position>;
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  folded: ReadonlySet<FrameKind>;
}

const FRAME_ID = "frame:";
export const FOLDED = { width: 200, header: 36, row: 22 } as const;

function frameId(kind: FrameKind): string {
  return `${FRAME_ID}${kind}`;
}

/** Return the kind of frame of a canvas node; null for a card. */
export function frameKind(id: string): FrameKind | null {
  return id.startsWith(FRAME_ID) ? (id.slice(FRAME_ID.length) as FrameKind) : null;
}

const GROUP_ID = "group:";

/** Return the group id of a canvas node that is a group; null for all others. */
export function groupId(id: string): string | null {
  return id.startsWith(GROUP_ID) ? id.slice(GROUP_ID.length) : null;
}

/** Whether a canvas node is a frame or a group: it has no selection and no size of its own. */
export const isFrame = (id: string): boolean => frameKind(id) !== null || groupId(id) !== null;

/** Return what represents each folded node: the frame around it, otherwise its group. */
function standIns(view: View): Map<string, string> {
  const { graph, folded } = view;
  const found = new Map<string, string>();
  for (const group of graph.groups) {
    if (group.folded) for (const id of group.nodes) found.set(id, `${GROUP_ID}${group.id}`);
  }
  for (const node of folded.size > 0 ? graph.nodes : []) {
    const kind = frameOfNode(view, node);
    if (kind && folded.has(kind)) found.set(node.id, frameId(kind));
  }
  return found;
}

/** Return the current rectangle of each node, as drawn. */
export function rectsOf({ graph, types, sizes, dragged }: View): Map<string, Rect> {
  return new Map(
    graph.nodes.map((node) => {
      const at = dragged.get(node.id) ?? node.position ?? { x: 0, y: 0 };
      const size = sizes.get(node.id) ?? {
        width: CARD.width,
        height: nodeHeight(graph, types, node),
      };
      return [node.id, { ...at, ...size }];
    }),
  );
}

/** Return the frame of a node; the inside of a block has none. */
export function frameOfNode(
  { graph, types }: Pick<View, "graph" | "types">,
  node: GraphNode,
): FrameKind | null {
  return openBlock(graph) ? null : frameOf(infoOf(graph, types, node));
}

export type FrameRects = ReadonlyMap<FrameKind, Rect>;

export function frameRects(view: View, rects: ReadonlyMap<string, Rect>): FrameRects {
  const { graph, report } = view;
  const members = new Map<FrameKind, Rect[]>();
  for (const node of graph.nodes) {
    const rect = rects.get(node.id);
    if (!rect) continue;
    const room = report?.nodes[node.id]?.reads_input ? GHOST_ROOM : 0;
    const kind = frameOfNode(view, node);
    if (!kind) continue;
    const list = members.get(kind) ?? [];
    list.push({ ...rect, x: rect.x - room, width: rect.width + room });
    members.set(kind, list);
  }
  const found = new Map<FrameKind, Rect>();
  for (const { kind } of FRAMES) {
    const rect = frameRect(members.get(kind) ?? []);
    if (rect) found.set(kind, rect);
  }
  return found;
}

type Keep<Item> = (id: string, key: readonly unknown[], make: () => Item) => Item;

/** Return the previous object if its key is unchanged: React Flow then redraws nothing. */
class Kept<Item> {
  private last = new Map<string, { key: readonly unknown[]; item: Item }>();

  through(build: (keep: Keep<Item>) => Item[]): Item[] {
    const next: typeof this.last = new Map();
    const items = build((id, key, make) => {
      const before = this.last.get(id);
      const item = before && same(before.key, key) ? before.item : make();
      next.set(id, { key, item });
      return item;
    });
    this.last = next;
    return items;
  }
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}

/** Build React Flow's nodes and wires from a view of the document. */
export class FlowBuilder {
  private readonly nodes = new Kept<CanvasNode>();
  private readonly edges = new Kept<WireEdge>();

  build(view: View): { nodes: CanvasNode[]; edges: WireEdge[] } {
    const rects = rectsOf(view);
    const frames = frameRects(view, rects);
    for (const [id, rect] of portsRects(view)) rects.set(id, rect);
    const standing = standIns(view);
    return {
      nodes: this.nodes.through((keep) => [
        ...frameNodes(view, frames, standing, keep),
        ...groupNodes(view, rects, standing, keep),
        ...portsNodes(view, rects, keep),
        ...noteNodes(view, keep),
        ...cardNodes(view, rects, standing, keep),
      ]),
      edges: this.edges.through((keep) => wireEdges(view, rects, frames, standing, keep)),
    };
  }
}

type StandIns = ReadonlyMap<string, string>;

function frameNodes(
  view: View,
  frames: FrameRects,
  standing: StandIns,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  return [...frames].map(([kind, rect]) => {
    const folded = view.folded.has(kind);
    const ports = folded ? foldedPorts(view.graph, standing, frameId(kind)) : null;
    const size = ports ? { width: FOLDED.width, height: foldedHeight(ports) } : rect;
    const { width, height } = size;
    const id = frameId(kind);
    return keep(id, [rect.x, rect.y, width, height, folded, folded && view.graph.edges], () => ({
      id,
      type: "frame",
      position: { x: rect.x, y: rect.y },
      width,
      height,
      measured: { width, height },
      data: { kind, ports },
      selectable: false,
      focusable: false,
      zIndex: folded ? 1 : -2,
      dragHandle: ".frame-title",
    }));
  });
}

function groupNodes(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  standing: StandIns,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  return view.graph.groups.flatMap((group) => {
    const id = `${GROUP_ID}${group.id}`;
    const rect = groupRect(group, rects, (node) => ![undefined, id].includes(standing.get(node)));
    if (!rect) return [];
    const ports = group.folded ? foldedPorts(view.graph, standing, id) : null;
    const { width, height } = ports ? { width: FOLDED.width, height: foldedHeight(ports) } : rect;
    return keep(id, [rect.x, rect.y, width, height, group, group.folded && view.graph.edges], () => ({
      id,
      type: "grouping",
      position: { x: rect.x, y: rect.y },
      width,
      height,
      measured: { width, height },
      data: { group, ports },
      selectable: false,
      focusable: false,
      // Above wires, which would cover its title; the rest of it lets the pointer through.
      zIndex: 1,
      dragHandle: ".frame-title",
    }));
  });
}

function noteNodes({ graph, dragged, nodes }: View, keep: Keep<CanvasNode>): CanvasNode[] {
  return graph.notes.map((note) => {
    const id = noteKey(note.id);
    const selected = nodes.has(id);
    const { x, y } = dragged.get(id) ?? note.position;
    return keep(id, [x, y, note, selected], () => ({
      id,
      type: "note",
      position: { x, y },
      width: note.width,
      height: note.height,
      measured: { width: note.width, height: note.height },
      data: { note },
      selected,
      zIndex: 2,
      ariaLabel: `Note: ${note.text || "empty"}`,
    }));
  });
}

const PORTS_GAP = 70;
const snap = (value: number): number => Math.round(value / GRID) * GRID;

/**
 * Return the rectangles of the cards of a block's own ports: beside the inner nodes, in the middle of their
 * height.
 */
function portsRects(view: View): Map<string, Rect> {
  const open = openBlock(view.graph);
  if (!open) return new Map();
  // By the positions in the document: dragged nodes do not move them.
  const box = frameRect([...rectsOf({ ...view, dragged: new Map() }).values()]);
  const { x, y, width, height } = box ?? { x: -CARD.width / 2, y: 0, width: CARD.width, height: 0 };
  const rect = (count: number, left: number): Rect => {
    const tall = portsHeight(count);
    return { x: snap(left), y: snap(y + (height - tall) / 2), width: CARD.width, height: tall };
  };
  return new Map([
    [INPUTS, rect(open.inputs.length, x - PORTS_GAP - CARD.width)],
    [OUTPUTS, rect(open.outputs.length, x + width + PORTS_GAP)],
  ]);
}

function portsNodes(view: View, rects: ReadonlyMap<string, Rect>, keep: Keep<CanvasNode>): CanvasNode[] {
  return [INPUTS, OUTPUTS].flatMap((id) => {
    const rect = rects.get(id);
    if (!rect) return [];
    const measured = view.sizes.get(id);
    return keep(id, [rect.x, rect.y, measured], () => ({
      id,
      type: "ports",
      position: { x: rect.x, y: rect.y },
      data: {},
      ...(measured && { measured }),
      selectable: false,
      draggable: false,
      focusable: false,
      // Its names and buttons take the pointer although the card itself does not.
      style: { pointerEvents: "all" },
    }));
  });
}

function cardNodes(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  standing: StandIns,
  keep: Keep<CanvasNode>,
): CanvasNode[] {
  const { graph, types, report, sizes, nodes } = view;
  const wired = connectedInputs(graph);
  return graph.nodes.map((node) => {
    const { x = 0, y = 0 } = rects.get(node.id) ?? {};
    const measured = sizes.get(node.id);
    const selected = nodes.has(node.id);
    const hidden = standing.has(node.id);
    const ariaLabel = describeNode(node, infoOf(graph, types, node), wired, report?.nodes[node.id]);
    return keep(node.id, [x, y, measured, selected, hidden, ariaLabel], () => ({
      id: node.id,
      type: "card",
      position: { x, y },
      data: {},
      ...(measured && { measured }),
      selected,
      hidden,
      ariaLabel,
    }));
  });
}

/** Return the ports of a folded frame: those with a wire that crosses its border. */
function foldedPorts(graph: Graph, standing: StandIns, id: string): FoldedPort[] {
  const isInside = (node: string): boolean => standing.get(node) === id;
  const found = new Map<string, FoldedPort>();
  for (const edge of graph.edges) {
    if (isInside(edge.source) === isInside(edge.target)) continue;
    const port: FoldedPort = isInside(edge.source)
      ? { node: edge.source, port: edge.source_output, side: "source" }
      : { node: edge.target, port: edge.target_input, side: "target" };
    found.set(foldedHandle(port), port);
  }
  return [...found.values()];
}

export function foldedHandle({ node, port, side }: FoldedPort): string {
  return `${side}/${node}/${port}`;
}

function foldedHeight(ports: readonly FoldedPort[]): number {
  const sources = ports.filter((port) => port.side === "source").length;
  return FOLDED.header + Math.max(1, sources, ports.length - sources) * FOLDED.row + 10;
}

/** Return the wires. A wire into a folded frame ends at the frame. */
function wireEdges(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  frames: FrameRects,
  standing: StandIns,
  keep: Keep<WireEdge>,
): WireEdge[] {
  const { graph, edges, nodes } = view;
  const kinds: Kinds = new Map(graph.nodes.map((node) => [node.id, frameOfNode(view, node)]));
  const rows = rowsOf(graph, view.types);
  const outputs = new Set<string>();
  return graph.edges.map((edge) => {
    const id = edgeId(edge);
    const [from, to] = [standing.get(edge.source), standing.get(edge.target)];
    const selected = edges.has(id);
    // Tab moves through the nodes, and from a selected node to its wires.
    const focusable = selected || nodes.has(edge.source) || nodes.has(edge.target);
    const route = routeOf(edge, kinds, rows, rects, frames);
    const output = `${edge.source}/${edge.source_output}`;
    // A row shows its output shape.
    const first = !outputs.has(output) && !rows.has(edge.source);
    outputs.add(output);
    const start: FoldedPort = { node: edge.source, port: edge.source_output, side: "source" };
    const end: FoldedPort = { node: edge.target, port: edge.target_input, side: "target" };
    return keep(id, [edge, from, to, selected, focusable, ...routeKey(route), first], () => ({
      id,
      type: "wire",
      source: from ?? edge.source,
      sourceHandle: from ? foldedHandle(start) : edge.source_output,
      target: to ?? edge.target,
      targetHandle: to ? foldedHandle(end) : edge.target_input,
      hidden: from !== undefined && from === to,
      selected,
      focusable,
      reconnectable: !from && !to,
      data: { edge, route, first },
    }));
  });
}

const routeKey = (route: WireRoute | null): unknown[] => [
  route?.x,
  route?.y,
  route?.bow,
  ...(route?.ends ?? []).flatMap(({ x, y }) => [x, y]),
];

function routeOf(
  edge: Edge,
  kinds: Kinds,
  rows: ReadonlySet<string>,
  rects: ReadonlyMap<string, Rect>,
  frames: FrameRects,
): WireRoute | null {
  const [source, target] = [rects.get(edge.source), rects.get(edge.target)];
  const [from, to] = [edge.source, edge.target].map((id) => frames.get(kinds.get(id) ?? "training"));
  if (!source || !target) return null;
  const between = rows.has(edge.source) && rows.has(edge.target) ? routeBetweenRows(source, target) : null;
  return between ?? routeBetween(source, target, from, to);
}

type Kinds = ReadonlyMap<string, FrameKind | null>;
