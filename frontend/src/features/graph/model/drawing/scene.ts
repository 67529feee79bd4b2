/** The geometry of a drawn graph: cards, the frames around them, and the ends of the wires. */

import { infoOf, portsInUse } from "@/features/graph/model/blocks/blockInfo";
import { CARD, portsHeight, portTopOf } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { type PortRef, portType } from "@/features/graph/model/connections/connection";
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
import { findEnd, INPUTS, OUTPUTS, openBlock } from "@/features/graph/model/scope";
import type { Edge, Graph, GraphNode, Group, NodeInfo, Note, Position } from "@/shared/api/types";

export interface Card {
  node: GraphNode;
  info: NodeInfo | undefined;
  /** A layer of a long model, in one line. */
  isRow: boolean;
  rect: Rect;
}

export interface SceneWire {
  id: string;
  edge: Edge;
  dtype: string;
  from: Position;
  to: Position;
  route: WireRoute | null;
  source: Card;
  target: Card;
}

export interface Scene {
  cards: Card[];
  wires: SceneWire[];
  frames: { kind: FrameKind; title: string; rect: Rect }[];
  groups: { group: Group; rect: Rect }[];
  notes: { note: Note; rect: Rect }[];
  /** Around everything, with a margin. */
  box: Rect;
}

const EMPTY: Rect = { x: 0, y: 0, width: 320, height: 200 };
const MARGIN = 30;
/** Between the cards of a block's own ports and its inner nodes. */
const PORTS_GAP = 60;

export function sceneOf(graph: Graph, types: Catalogue): Scene {
  const cards = cardsOf(graph, types);
  const byId = new Map(cards.map((card) => [card.node.id, card]));
  const frames = openBlock(graph) ? [] : framesOf(cards);
  const around = new Map(frames.map(({ kind, rect }) => [kind, rect]));
  const wires = graph.edges.flatMap((edge) => wireOf(graph, types, byId, around, edge) ?? []);
  const rects = new Map(cards.map((card) => [card.node.id, card.rect]));
  const groups = graph.groups.flatMap((group) => {
    const rect = groupRect(group, rects);
    return rect ? [{ group, rect }] : [];
  });
  const notes = graph.notes.map((note) => {
    const { position, width, height } = note;
    return { note, rect: { ...position, width, height } };
  });
  const box = boxOf([...frames, ...groups, ...notes, ...cards].map(({ rect }) => rect));
  return { cards, wires, frames, groups, notes, box };
}

/** Return the height of a card; an unknown type has a row for each port that a wire uses. */
function heightOf(graph: Graph, types: Catalogue, node: GraphNode, info: NodeInfo | undefined): number {
  if (info) return nodeHeight(graph, types, node);
  const { inputs, outputs } = portsInUse(graph, node.id);
  return CARD.header + Math.max(1, inputs.length, outputs.length) * CARD.port;
}

function cardsOf(graph: Graph, types: Catalogue): Card[] {
  const rows = rowsOf(graph, types);
  const cards = graph.nodes.map((node): Card => {
    const info = infoOf(graph, types, node);
    const at = node.position ?? { x: 0, y: 0 };
    const rect = { ...at, width: CARD.width, height: heightOf(graph, types, node, info) };
    return { node, info, isRow: rows.has(node.id), rect };
  });
  return [...cards, ...endsOf(graph, types, cards)];
}

/** Return the cards of a block's own ports, beside its inner nodes. */
function endsOf(graph: Graph, types: Catalogue, cards: readonly Card[]): Card[] {
  const open = openBlock(graph);
  if (!open) return [];
  const { x, y, width, height } = frameRect(cards.map(({ rect }) => rect)) ?? EMPTY;
  const end = (id: string, left: number, count: number): Card[] => {
    const node = findEnd(graph, id);
    const tall = portsHeight(count);
    const rect = { x: left, y: y + (height - tall) / 2, width: CARD.width, height: tall };
    return node ? [{ node, info: infoOf(graph, types, node), isRow: false, rect }] : [];
  };
  return [
    ...end(INPUTS, x - PORTS_GAP - CARD.width, open.inputs.length),
    ...end(OUTPUTS, x + width + PORTS_GAP, open.outputs.length),
  ];
}

function wireOf(
  graph: Graph,
  types: Catalogue,
  cards: ReadonlyMap<string, Card>,
  frames: ReadonlyMap<FrameKind, Rect>,
  edge: Edge,
): SceneWire | null {
  const [source, target] = [cards.get(edge.source), cards.get(edge.target)];
  if (!source || !target) return null;
  const [from, to] = [source, target].map(({ info }) => frames.get(frameOf(info)));
  const ref = { node: edge.source, port: edge.source_output, side: "source" } as const;
  return {
    id: edgeId(edge),
    edge,
    dtype: portType(graph, types, ref) ?? "ANY",
    from: {
      x: source.rect.x + source.rect.width,
      y: source.rect.y + endTop(graph, source, ref),
    },
    to: {
      x: target.rect.x,
      y:
        target.rect.y + endTop(graph, target, { node: edge.target, port: edge.target_input, side: "target" }),
    },
    route: routeOf(source, target, from, to),
    source,
    target,
  };
}

function routeOf(source: Card, target: Card, from?: Rect, to?: Rect): WireRoute | null {
  const between = source.isRow && target.isRow ? routeBetweenRows(source.rect, target.rect) : null;
  return between ?? routeBetween(source.rect, target.rect, from, to);
}

function endTop(graph: Graph, { node, info, isRow }: Card, ref: PortRef): number {
  if (info) return portTopOf(info, isRow, ref);
  const used = portsInUse(graph, node.id);
  return unknownTop((ref.side === "source" ? used.outputs : used.inputs).indexOf(ref.port));
}

const unknownTop = (row: number): number => CARD.header + (row + 0.5) * CARD.port;

function framesOf(cards: readonly Card[]): Scene["frames"] {
  const members = new Map<FrameKind, Rect[]>();
  for (const { info, rect } of cards) {
    const kind = frameOf(info);
    members.set(kind, [...(members.get(kind) ?? []), rect]);
  }
  return FRAMES.flatMap(({ kind, title }) => {
    const rect = frameRect(members.get(kind) ?? []);
    return rect ? [{ kind, title, rect }] : [];
  });
}

function boxOf(rects: readonly Rect[]): Rect {
  if (rects.length === 0) return EMPTY;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const rect of rects) {
    left = Math.min(left, rect.x);
    top = Math.min(top, rect.y);
    right = Math.max(right, rect.x + rect.width);
    bottom = Math.max(bottom, rect.y + rect.height);
  }
  return {
    x: left - MARGIN,
    y: top - MARGIN,
    width: right - left + 2 * MARGIN,
    height: bottom - top + 2 * MARGIN,
  };
}
