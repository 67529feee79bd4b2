/** Align several nodes, or space them evenly. */
import type { Position } from "@/shared/api/types";
import type { Rect } from "./frames";

export type Placed = Rect & { id: string };
export type Arrangement = "left" | "top" | "right" | "bottom" | "across" | "down";

/** The least number of nodes for each arrangement. */
export const LEAST: Readonly<Record<Arrangement, number>> = {
  left: 2,
  top: 2,
  right: 2,
  bottom: 2,
  across: 3,
  down: 3,
};

/** Return the new position of each node, by its id. */
export function arranged(nodes: readonly Placed[], how: Arrangement): Map<string, Position> {
  if (nodes.length < LEAST[how]) return new Map();
  const places: Record<Arrangement, () => Map<string, Position>> = {
    left: () => inLine(nodes, () => ({ x: Math.min(...nodes.map(({ x }) => x)) })),
    top: () => inLine(nodes, () => ({ y: Math.min(...nodes.map(({ y }) => y)) })),
    right: () =>
      inLine(nodes, (node) => ({ x: Math.max(...nodes.map(({ x, width }) => x + width)) - node.width })),
    bottom: () =>
      inLine(nodes, (node) => ({ y: Math.max(...nodes.map(({ y, height }) => y + height)) - node.height })),
    across: () => apart(nodes, "x", "width"),
    down: () => apart(nodes, "y", "height"),
  };
  return places[how]();
}

function inLine(nodes: readonly Placed[], to: (node: Placed) => Partial<Position>): Map<string, Position> {
  return new Map(nodes.map((node) => [node.id, { x: node.x, y: node.y, ...to(node) }]));
}

/** Space evenly: the first and the last stay in position. */
function apart(nodes: readonly Placed[], axis: "x" | "y", size: "width" | "height"): Map<string, Position> {
  const sorted = [...nodes].sort((a, b) => a[axis] + a[size] / 2 - (b[axis] + b[size] / 2));
  const start = sorted[0]?.[axis] ?? 0;
  const last = sorted.at(-1);
  const span = last ? last[axis] + last[size] - start : 0;
  const gap = (span - sorted.reduce((sum, node) => sum + node[size], 0)) / (sorted.length - 1);
  let at = start;
  return new Map(
    sorted.map((node) => {
      const place = { x: node.x, y: node.y, [axis]: Math.round(at) };
      at += node[size] + gap;
      return [node.id, place];
    }),
  );
}
