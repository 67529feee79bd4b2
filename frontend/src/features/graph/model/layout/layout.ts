/**
 * Tidy places data at the left, the model at the right and the training below it. Dagre layers each frame
 * from left to right. Of several arrangements, the one that best fills a screen is used.
 */
import dagre from "@dagrejs/dagre";
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { CARD, GHOST_ROOM, GRID } from "@/features/graph/model/card";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import { openBlock } from "@/features/graph/model/scope";
import type { Edge, Graph, Position } from "@/shared/api/types";
import { FRAME_PAD, type FrameKind, frameOf, frameRect, GROUP_PAD } from "./frames";
import { nodeHeight, rowsOf } from "./rows";

const COLUMN_GAP = 50;
const ROW_GAP = 20;
const FRAME_GAP = { x: 60, y: 50 } as const;
/** Between rows of a long model, and between data nodes above each other: space for the wire that leads back. */
const TURN_GAP = 40;
/** The least number of rows in a column of a long model. */
const LEAST_IN_COLUMN = 8;
/** Width divided by height of the canvas that a tidy graph should fill. */
const ASPECT = 1.35;

type Places = ReadonlyMap<string, Position>;

interface Block {
  places: Places;
  width: number;
  height: number;
  /** Positions of units, a node or a group each: no row or column ends inside a unit. */
  starts?: ReadonlyMap<string, Position>;
}

interface Context {
  graph: Graph;
  catalogue: Catalogue;
  heights: ReadonlyMap<string, number>;
}

/** Return the position of every node. */
export function tidy(graph: Graph, catalogue: Catalogue): Map<string, Position> {
  const heights = new Map(graph.nodes.map((node) => [node.id, nodeHeight(graph, catalogue, node)]));
  const context = { graph, catalogue, heights };
  const members: Record<FrameKind, string[]> = { data: [], model: [], training: [] };
  // Frames exist only in the graph itself: a block is drawn as a model.
  const frame = (id: string): FrameKind =>
    openBlock(graph) ? "model" : frameOf(infoAt(graph, catalogue, id));
  for (const id of inWiringOrder(graph, catalogue)) members[frame(id)].push(id);

  const training = layered(members.training, context, { lanes: true });
  const long = rowsOf(graph, catalogue).size > 0;
  const model = layered(members.model, context, long ? { down: true } : { even: true });
  const datas = [layered(members.data, context, {}), inColumn(members.data, context)];
  const ghost = members.model.some((id) => readsInput(id, context)) ? GHOST_ROOM : 0;

  const models = long ? columnsOf(model, context) : foldedRows(model, context);
  const arrangements = models.flatMap((one) => datas.map((data) => arrange(data, one, training, ghost)));
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

/** Whether a layer has no wire into it: it reads the model's input, which is drawn at its left. */
function readsInput(id: string, { graph, catalogue }: Context): boolean {
  const info = infoAt(graph, catalogue, id);
  return (
    info !== undefined && shapeOf(info).ports.length > 0 && !graph.edges.some((edge) => edge.target === id)
  );
}

/** Sort nodes after their sources, these in the order of its ports: fewer wires cross. */
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
  /** One height for all, so that the titles and wires of a chain are in one line. */
  even?: boolean;
  /** From top to bottom, as rows are read. */
  down?: boolean;
  /** Reserve lanes for wires from the left, outside the frame. */
  lanes?: boolean;
}

/** Stands for everything left of a frame. */
const OUTSIDE = "\0outside";

/** A unit that is placed as a whole: a node, or the nodes of a group in this frame, with room for its title. */
interface Unit {
  id: string;
  width: number;
  height: number;
  /** The positions of the nodes inside it. */
  inner: Places;
}

function unitsOf(ids: readonly string[], context: Context, { even, down }: LayerOptions): Unit[] {
  const { graph, heights } = context;
  const units = graph.groups.flatMap((group): Unit[] => {
    const members = ids.filter((id) => group.nodes.includes(id));
    if (members.length === 0) return [];
    const alone = { ...context, graph: { ...graph, groups: [] } };
    const { places, width, height } = layered(members, alone, {
      ...(even && { even }),
      ...(down && { down }),
    });
    const { side, top, bottom } = GROUP_PAD;
    return [
      {
        id: `\0${group.id}`,
        width: width + 2 * side,
        // As much below as above: titles inside are in one line with those beside.
        height: height + top + (even ? top : bottom),
        inner: shifted(places, side, top),
      },
    ];
  });
  const grouped = new Set(units.flatMap(({ inner }) => [...inner.keys()]));
  const single = (id: string): Unit => ({
    id,
    width: CARD.width,
    height: heights.get(id) ?? 0,
    inner: new Map([[id, { x: 0, y: 0 }]]),
  });
  return [...ids.filter((id) => !grouped.has(id)).map(single), ...units];
}

/** Dagre keeps nodes in plain objects, where "constructor" and "__proto__" are taken. */
const vertex = (id: string): string => `node ${id}`;

function layered(ids: readonly string[], context: Context, options: LayerOptions): Block {
  const { even, down, lanes } = options;
  const units = unitsOf(ids, context, options);
  const unitOf = new Map(units.flatMap(({ id, inner }) => [...inner.keys()].map((node) => [node, id])));
  const flow = new dagre.graphlib.Graph({ multigraph: true });
  const gaps = down ? { nodesep: COLUMN_GAP, ranksep: ROW_GAP } : { nodesep: ROW_GAP, ranksep: COLUMN_GAP };
  flow.setGraph({ rankdir: down ? "TB" : "LR", edgesep: ROW_GAP, ...gaps });
  flow.setDefaultEdgeLabel(() => ({}));
  const tallest = Math.max(0, ...units.flatMap(({ id, height }) => (unitOf.has(id) ? [height] : [])));
  const height = (unit: Unit): number => Math.max(unit.height, even && unitOf.has(unit.id) ? tallest : 0);
  for (const unit of units) flow.setNode(vertex(unit.id), { width: unit.width, height: height(unit) });
  for (const [index, { source, target }] of context.graph.edges.entries()) {
    const [from, to] = [unitOf.get(source), unitOf.get(target)];
    if (from !== undefined && to !== undefined && from !== to)
      flow.setEdge(vertex(from), vertex(to), {}, String(index));
  }
  if (lanes) addLanes(flow, units, unitOf, context.graph);
  dagre.layout(flow);
  const places = new Map<string, Position>();
  const starts = new Map<string, Position>();
  for (const unit of units) {
    const { x, y } = flow.node(vertex(unit.id)) as Position;
    const corner = { x: x - unit.width / 2, y: y - height(unit) / 2 };
    for (const [id, at] of unit.inner) {
      places.set(id, { x: corner.x + at.x, y: corner.y + at.y });
      starts.set(id, corner);
    }
  }
  return sized(places, context.heights, starts);
}

function addLanes(
  flow: InstanceType<typeof dagre.graphlib.Graph>,
  units: readonly Unit[],
  unitOf: ReadonlyMap<string, string>,
  graph: Graph,
): void {
  flow.setNode(OUTSIDE, { width: 1, height: 1 });
  for (const [index, { source, target }] of graph.edges.entries()) {
    const to = unitOf.get(target);
    if (to !== undefined && !unitOf.has(source)) flow.setEdge(OUTSIDE, vertex(to), {}, `lane${index}`);
  }
  // Every first node is downstream of the outside, including those that nothing outside feeds.
  for (const { id } of units) {
    if ((flow.inEdges(vertex(id)) ?? []).length === 0)
      flow.setEdge(OUTSIDE, vertex(id), { weight: 0 }, "first");
  }
}

/** Place all in one column, each chain from top to bottom. */
function inColumn(ids: readonly string[], { heights }: Context): Block {
  const places = new Map<string, Position>();
  let y = 0;
  for (const id of ids) {
    places.set(id, { x: 0, y });
    y += (heights.get(id) ?? 0) + TURN_GAP;
  }
  return sized(places, heights);
}

/** Arrange the model in one row, two rows, and more: each row continues the one above it. */
function foldedRows(model: Block, { heights }: Context): Block[] {
  const columns = stepsOf(model, "x");
  const most = Math.max(1, Math.ceil(columns.length / 3));
  return Array.from({ length: most }, (_, index) => {
    const perRow = Math.ceil(columns.length / (index + 1));
    const places = new Map(
      [...model.places].map(([id, { x, y }]) => {
        const row = Math.floor(columns.indexOf(startOf(model, id).x) / perRow);
        return [id, { x: x - (columns[row * perRow] ?? 0), y: y + row * (model.height + TURN_GAP) }];
      }),
    );
    return sized(places, heights);
  });
}

/** Arrange a long model in one column, two columns, and more: each continues the previous one. */
function columnsOf(model: Block, { heights }: Context): Block[] {
  const ranks = stepsOf(model, "y");
  return Array.from({ length: Math.max(1, Math.ceil(ranks.length / LEAST_IN_COLUMN)) }, (_, index) => {
    const perColumn = Math.ceil(ranks.length / (index + 1));
    const places = new Map(
      [...model.places].map(([id, { x, y }]) => {
        const column = Math.floor(ranks.indexOf(startOf(model, id).y) / perColumn);
        return [id, { x: x + column * (model.width + FRAME_GAP.x), y: y - (ranks[column * perColumn] ?? 0) }];
      }),
    );
    return sized(places, heights);
  });
}

const startOf = ({ places, starts }: Block, id: string): Position =>
  starts?.get(id) ?? places.get(id) ?? { x: 0, y: 0 };

/** Return where units start along an axis. */
function stepsOf(block: Block, axis: "x" | "y"): number[] {
  return [...new Set([...block.places.keys()].map((id) => startOf(block, id)[axis]))].sort((a, b) => a - b);
}

/** Move the block to the origin. */
function sized(
  places: Places,
  heights: ReadonlyMap<string, number>,
  starts: ReadonlyMap<string, Position> = new Map(),
): Block {
  const rect = frameRect(
    [...places].map(([id, at]) => ({ ...at, width: CARD.width, height: heights.get(id) ?? 0 })),
  );
  if (!rect) return { places, width: 0, height: 0 };
  const [left, top] = [rect.x + FRAME_PAD.side, rect.y + FRAME_PAD.top];
  const moved = (all: Places): Places =>
    new Map([...all].map(([id, { x, y }]) => [id, { x: x - left, y: y - top }]));
  return {
    places: moved(places),
    starts: moved(starts),
    width: rect.width - 2 * FRAME_PAD.side,
    height: rect.height - FRAME_PAD.top - FRAME_PAD.bottom,
  };
}

function shifted(places: Places, dx: number, dy: number): Map<string, Position> {
  const snap = (value: number): number => Math.round(value / GRID) * GRID;
  return new Map([...places].map(([id, { x, y }]) => [id, { x: snap(x + dx), y: snap(y + dy) }]));
}
