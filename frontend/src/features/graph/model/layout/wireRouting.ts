/** Routes of wires around cards and frames. */
import type { Position } from "@/shared/api/types";
import type { Rect } from "./frames";

/**
 * To the left a wire runs through a gap at `y`; to the right it bends before a frame that begins at `x`.
 * Between two rows of one column it has its own ends: straight down to the next row, or past others in a bow
 * at the right.
 */
export type WireRoute = { x?: number; y?: number; ends?: readonly [Position, Position]; bow?: number };

/** Rows no further apart than this are neighbours. */
const NEXT = 60;
const BOW = { least: 24, most: 70, share: 0.12 } as const;

/** Return the route between two rows; null if they are not in one column. */
export function routeBetweenRows(source: Rect, target: Rect): WireRoute | null {
  const middle = (rect: Rect): number => rect.x + rect.width / 2;
  const gap = target.y - (source.y + source.height);
  if (gap < 0 || Math.abs(middle(source) - middle(target)) > source.width / 2) return null;
  if (gap <= NEXT)
    return {
      ends: [
        { x: middle(source), y: source.y + source.height },
        { x: middle(target), y: target.y },
      ],
    };
  const right = (rect: Rect): Position => ({ x: rect.x + rect.width, y: rect.y + rect.height / 2 });
  const bow = Math.min(BOW.most, Math.max(BOW.least, gap * BOW.share));
  return { ends: [right(source), right(target)], bow };
}

/** Return the path of a wire with its own ends. */
export function routePath([from, to]: readonly [Position, Position], bow?: number): string {
  if (bow !== undefined) {
    const out = Math.max(from.x, to.x) + bow;
    return `M${from.x} ${from.y}C${out} ${from.y} ${out} ${to.y} ${to.x} ${to.y}`;
  }
  const half = (to.y - from.y) / 2;
  return `M${from.x} ${from.y}C${from.x} ${from.y + half} ${to.x} ${to.y - half} ${to.x} ${to.y}`;
}

/** Return the route between two cards, given the frames that contain them; the same frame is the same object. */
export function routeBetween(source: Rect, target: Rect, from?: Rect, to?: Rect): WireRoute | null {
  const right = source.x + source.width;
  if (target.x > right) return to && from !== to && to.x > right ? { x: to.x } : null;
  const y = (from && to ? gapBetween(from, to) : null) ?? gapBetween(source, target);
  return y === null ? null : { y };
}

/** Return the middle of the vertical gap between two boxes; null if there is none. */
function gapBetween(a: Rect, b: Rect): number | null {
  const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
  const bottom = upper.y + upper.height;
  return bottom < lower.y ? (bottom + lower.y) / 2 : null;
}
