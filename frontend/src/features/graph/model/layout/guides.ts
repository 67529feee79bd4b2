/** Guides that show what a card is aligned with while it is dragged, and the offset to it. */
import type { Position } from "@/shared/api/types";
import type { Rect } from "./frames";

/** A line along which boxes are aligned: `at` is x for an upright line, y for a level one. */
export interface Guide {
  line: "upright" | "level";
  at: number;
  from: number;
  to: number;
}

interface Aligned {
  /** The offset that aligns the box. */
  by: Position;
  guides: Guide[];
}

interface Side {
  line: Guide["line"];
  start: (rect: Rect) => number;
  size: (rect: Rect) => number;
  /** The extent of the box along the line. */
  along: (rect: Rect) => [number, number];
}

const UPRIGHT: Side = {
  line: "upright",
  start: (rect) => rect.x,
  size: (rect) => rect.width,
  along: (rect) => [rect.y, rect.y + rect.height],
};
const LEVEL: Side = {
  line: "level",
  start: (rect) => rect.y,
  size: (rect) => rect.height,
  along: (rect) => [rect.x, rect.x + rect.width],
};

/** Align the edges and the centre of a box with those of others at a distance of at most `reach`. */
export function align(box: Rect, others: readonly Rect[], reach: number): Aligned {
  const [x, y] = [nearest(UPRIGHT, box, others, reach), nearest(LEVEL, box, others, reach)];
  const by = { x: x ?? 0, y: y ?? 0 };
  const moved = { ...box, x: box.x + by.x, y: box.y + by.y };
  return {
    by,
    guides: [
      ...(x === null ? [] : linesOf(UPRIGHT, moved, others)),
      ...(y === null ? [] : linesOf(LEVEL, moved, others)),
    ],
  };
}

/** Return its two edges and its centre. */
const marks = (side: Side, rect: Rect): number[] =>
  [0, 0.5, 1].map((part) => side.start(rect) + part * side.size(rect));

/** Return the smallest offset at which a mark of the box meets a mark of another box. */
function nearest(side: Side, box: Rect, others: readonly Rect[], reach: number): number | null {
  let way: number | null = null;
  for (const other of others) {
    for (const by of waysTo(side, box, other))
      if (Math.abs(by) <= reach && (way === null || Math.abs(by) < Math.abs(way))) way = by;
  }
  return way;
}

function waysTo(side: Side, box: Rect, other: Rect): number[] {
  const [start = 0, middle = 0, end = 0] = marks(side, box);
  const [otherStart = 0, otherMiddle = 0, otherEnd = 0] = marks(side, other);
  return [otherMiddle - middle, otherStart - start, otherEnd - end, otherStart - end, otherEnd - start];
}

/** Return the lines through shared marks, as long as the boxes that they touch. */
function linesOf(side: Side, box: Rect, others: readonly Rect[]): Guide[] {
  const guides = new Map<number, Guide>();
  for (const other of others) {
    const theirs = marks(side, other);
    const at = marks(side, box).find((mark) => theirs.some((one) => Math.abs(one - mark) < 0.01));
    if (at === undefined) continue;
    const known = guides.get(at);
    const ends = [box, other].flatMap(side.along).concat(known ? [known.from, known.to] : []);
    guides.set(at, { line: side.line, at, from: Math.min(...ends), to: Math.max(...ends) });
  }
  return [...guides.values()];
}
