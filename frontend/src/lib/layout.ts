/**
 * Tidy. Data stands at the left, the model at the right with the training below it, each frame layered by
 * dagre from left to right. Of several arrangements the one is taken that fills a screen best.
 */
import dagre from "@dagrejs/dagre";
import type { Edge, Graph, Position } from "@/api/types";
import { infoAt, infoOf } from "./blockInfo";
import { CARD, cardHeight, GHOST_ROOM, GRID } from "./card";
import { type Catalogue, shapeOf } from "./catalogue";
import { FRAME_PAD, type FrameKind, frameOf, frameRect } from "./frames";
import { openBlock } from "./scope";

const COLUMN_GAP = 50;
const ROW_GAP = 20;
const FRAME_GAP = { x: 60, y: 50 } as const;
/** Between the rows of a long model, and between stacked data nodes: room for the wire that leads back. */
const TURN_GAP = 40;
/** Width over height of the canvas that a tidy graph should fill. */
const ASPECT = 1.35;

type Places = ReadonlyMap<string, Position>;

interface Block {
  places: Places;
  width: number;
  height: number;
}

interface Context {
  graph: Graph;
  catalogue: Catalogue;
  heights: ReadonlyMap<string, number>;
}

/** Where each node belongs; every node has a place in the answer. */
export function tidy(graph: Graph, catalogue: Catalogue): Map<string, Position> {
  const heights = new Map(graph.nodes.map((node) => [node.id, cardHeight(infoOf(graph, catalogue, node))]));
  const context = { graph, catalogue, heights };
  const members: Record<FrameKind, string[]> = { data: [], model: [], training: [] };
  // Frames are for the graph itself: a block is drawn as a model is.
  const frame = (id: string): FrameKind =>
    openBlock(graph) ? "model" : frameOf(infoAt(graph, catalogue, id));
  for (const id of inWiringOrder(graph, catalogue)) members[frame(id)].push(id);

  const training = layered(members.training, context, { lanes: true });
  const model = layered(members.model, context, { even: true });
  const datas = [layered(members.data, context, {}), stacked(members.data, context)];
  const ghost = members.model.some((id) => readsInput(id, context)) ? GHOST_ROOM : 0;

  const arrangements = rowsOf(model, context).flatMap((rows) =>
    datas.map((data) => arrange(data, rows, training, ghost)),
  );
  return arrangements.reduce((best, next) => (next.size < best.size ? next : best)).places;
}

function arrange(
  data: Block,
  model: Block,
  training: Block,
  ghost: number,
): { places: Map<string, Position>; size: number } {
  const framed = (block: Block, axis: "width" | "height"): number => {
    if (block.places.size === 0) return 0;
    return block[axis] + (axis === "width" ? 2 * FRAME_PAD.side : FRAME_PAD.top + FRAME_PAD.bottom);
  };
  const left = framed(data, "width") + (data.places.size > 0 ? FRAME_GAP.x : 0);
  const top = framed(model, "height") + (model.places.size > 0 ? FRAME_GAP.y : 0);
  const width = left + Math.max(framed(model, "width") + ghost, framed(training, "width"));
  const height = Math.max(framed(data, "height"), top + framed(training, "height"));
  const places = new Map([
    ...shifted(data.places, 0, 0),
    ...shifted(model.places, left + ghost, 0),
    ...shifted(training.places, left, top),
  ]);
  return { places, size: Math.max(width / ASPECT, height) };
}

/** A layer without any wire into it: it reads the model's input, which is drawn at its left. */
function readsInput(id: string, { graph, catalogue }: Context): boolean {
  const info = infoAt(graph, catalogue, id);
  return (
    info !== undefined && shapeOf(info).ports.length > 0 && !graph.edges.some((edge) => edge.target === id)
  );
}

/** Each node after its sources, these in the order of its ports: so wires cross less. */
function inWiringOrder(graph: Graph, catalogue: Catalogue): string[] {
  const ids = new Set(graph.nodes.map((node) => node.id));
  const into = new Map<string, Edge[]>();
  for (const edge of graph.edges) into.set(edge.target, [...(into.get(edge.target) ?? []), edge]);
  const found = new Set<string>();
  const begun = new Set<string>();
  const pending = graph.nodes.map((node) => node.id).reverse();
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (found.has(id) || !ids.has(id)) continue;
    if (begun.has(id)) {
      found.add(id);
      continue;
    }
    begun.add(id);
    const ports = Object.keys(infoAt(graph, catalogue, id)?.inputs ?? {});
    const sources = [...(into.get(id) ?? [])]
      .sort((a, b) => ports.indexOf(a.target_input) - ports.indexOf(b.target_input))
      .map((edge) => edge.source);
    pending.push(id, ...sources.filter((source) => !begun.has(source)).reverse());
  }
  return [...found];
}

interface LayerOptions {
  /** One height for all, so that the titles of a chain, and its wires, stand in one line. */
  even?: boolean;
  /** Keeps lanes free for the wires that come from the left, from outside. */
  lanes?: boolean;
}

/** Stands for everything at the left of a frame. */
const OUTSIDE = "\0outside";

function layered(ids: readonly string[], { graph, heights }: Context, { even, lanes }: LayerOptions): Block {
  const inside = new Set(ids);
  const flow = new dagre.graphlib.Graph({ multigraph: true });
  flow.setGraph({ rankdir: "LR", nodesep: ROW_GAP, edgesep: ROW_GAP, ranksep: COLUMN_GAP });
  flow.setDefaultEdgeLabel(() => ({}));
  const tallest = Math.max(0, ...ids.map((id) => heights.get(id) ?? 0));
  const height = (id: string): number => (even ? tallest : (heights.get(id) ?? 0));
  for (const id of ids) flow.setNode(id, { width: CARD.width, height: height(id) });
  const inner = graph.edges.filter(({ source, target }) => inside.has(source) && inside.has(target));
  for (const [index, { source, target }] of inner.entries()) flow.setEdge(source, target, {}, String(index));
  if (lanes) addLanes(flow, ids, graph);
  dagre.layout(flow);
  const places = new Map(
    ids.map((id) => {
      const { x, y } = flow.node(id) as Position;
      return [id, { x: x - CARD.width / 2, y: y - height(id) / 2 }];
    }),
  );
  return sized(places, heights);
}

function addLanes(
  flow: InstanceType<typeof dagre.graphlib.Graph>,
  ids: readonly string[],
  graph: Graph,
): void {
  const inside = new Set(ids);
  const outer = graph.edges.filter(({ source, target }) => !inside.has(source) && inside.has(target));
  flow.setNode(OUTSIDE, { width: 1, height: 1 });
  for (const [index, { target }] of outer.entries()) flow.setEdge(OUTSIDE, target, {}, `lane${index}`);
  // Every first node stands behind the outside, also one that nothing outside feeds.
  for (const id of ids) {
    if ((flow.inEdges(id) ?? []).length === 0) flow.setEdge(OUTSIDE, id, { weight: 0 }, "first");
  }
}

/** All in one column, each chain from top to bottom. */
function stacked(ids: readonly string[], { heights }: Context): Block {
  const places = new Map<string, Position>();
  let y = 0;
  for (const id of ids) {
    places.set(id, { x: 0, y });
    y += (heights.get(id) ?? 0) + TURN_GAP;
  }
  return sized(places, heights);
}

/** The model in one row, in two, and so on: each row goes on where the one above it ended. */
function rowsOf(model: Block, { heights }: Context): Block[] {
  const columns = [...new Set([...model.places.values()].map(({ x }) => x))].sort((a, b) => a - b);
  const most = Math.max(1, Math.ceil(columns.length / 3));
  return Array.from({ length: most }, (_, index) => {
    const perRow = Math.ceil(columns.length / (index + 1));
    const places = new Map(
      [...model.places].map(([id, { x, y }]) => {
        const row = Math.floor(columns.indexOf(x) / perRow);
        return [id, { x: x - (columns[row * perRow] ?? 0), y: y + row * (model.height + TURN_GAP) }];
      }),
    );
    return sized(places, heights);
  });
}

/** Moves the block to the origin. */
function sized(places: Places, heights: ReadonlyMap<string, number>): Block {
  const rect = frameRect(
    [...places].map(([id, at]) => ({ ...at, width: CARD.width, height: heights.get(id) ?? 0 })),
  );
  if (!rect) return { places, width: 0, height: 0 };
  const [left, top] = [rect.x + FRAME_PAD.side, rect.y + FRAME_PAD.top];
  return {
    places: new Map([...places].map(([id, { x, y }]) => [id, { x: x - left, y: y - top }])),
    width: rect.width - 2 * FRAME_PAD.side,
    height: rect.height - FRAME_PAD.top - FRAME_PAD.bottom,
  };
}

function shifted(places: Places, dx: number, dy: number): Map<string, Position> {
  const snap = (value: number): number => Math.round(value / GRID) * GRID;
  return new Map([...places].map(([id, { x, y }]) => [id, { x: snap(x + dx), y: snap(y + dy) }]));
}
