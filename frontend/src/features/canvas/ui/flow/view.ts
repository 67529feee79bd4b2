/** The view of the document that the canvas draws: ids, rectangles, folded ports. */

import type { Edge as FlowEdge, Node as FlowNode } from "@xyflow/react";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { CARD, GHOST_ROOM } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { FRAMES, type FrameKind, frameOf, frameRect, type Rect } from "@/features/graph/model/layout/frames";
import { nodeHeight } from "@/features/graph/model/layout/rows";
import type { WireRoute } from "@/features/graph/model/layout/wireRouting";
import { openBlock } from "@/features/graph/model/scope";
import type { Size } from "@/features/graph/store/viewState";
import type { Edge, Graph, GraphNode, Group, Note, Position, Report } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

export type StandIns = ReadonlyMap<string, string>;

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

export function frameId(kind: FrameKind): string {
  return `${FRAME_ID}${kind}`;
}

/** Return the kind of frame of a canvas node; null for a card. */
export function frameKind(id: string): FrameKind | null {
  return id.startsWith(FRAME_ID) ? (id.slice(FRAME_ID.length) as FrameKind) : null;
}

export const GROUP_ID = "group:";

/** Return the group id of a canvas node that is a group; null for all others. */
export function groupId(id: string): string | null {
  return id.startsWith(GROUP_ID) ? id.slice(GROUP_ID.length) : null;
}

/** Whether a canvas node is a frame or a group: it has no selection and no size of its own. */
export const isFrame = (id: string): boolean => frameKind(id) !== null || groupId(id) !== null;

/** Return what represents each folded node: the frame around it, otherwise its group. */
export function standIns(view: View): StandIns {
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
    const room = ownValue(report?.nodes, node.id)?.reads_input ? GHOST_ROOM : 0;
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

export type Keep<Item> = (id: string, key: readonly unknown[], make: () => Item) => Item;

/** Return the previous object if its key is unchanged: React Flow then redraws nothing. */
export class Kept<Item> {
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

/** Return the ports of a folded frame: those with a wire that crosses its border. */
export function foldedPorts(graph: Graph, standing: StandIns, id: string): FoldedPort[] {
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

export function foldedHeight(ports: readonly FoldedPort[]): number {
  const sources = ports.filter((port) => port.side === "source").length;
  return FOLDED.header + Math.max(1, sources, ports.length - sources) * FOLDED.row + 10;
}
