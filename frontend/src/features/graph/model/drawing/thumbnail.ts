/** A thumbnail of a graph: one path per card colour and one per wire colour, cheap at any size. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import type { Rect } from "@/features/graph/model/layout/frames";
import type { Graph } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { wireColor } from "@/shared/lib/wires";
import { sceneOf } from "./scene";
import { wirePath } from "./wires";

export interface ThumbnailDrawing {
  box: Rect;
  /** Colour and path. */
  wires: [string, string][];
  cards: [string, string][];
}

export function thumbnailOf(graph: Graph, types: Catalogue): ThumbnailDrawing {
  const { box, wires, cards } = sceneOf(graph, types);
  return {
    box,
    wires: joined(wires.map((wire) => [wireColor(wire.dtype), wirePath(wire.from, wire.to, wire.route)])),
    cards: joined(
      cards.map(({ info, rect: { x, y, width, height } }) => [
        categoryColor(info),
        `M${x} ${y}h${width}v${height}h${-width}Z`,
      ]),
    ),
  };
}

function joined(pieces: readonly (readonly [color: string, path: string])[]): [string, string][] {
  const found = new Map<string, string[]>();
  for (const [color, piece] of pieces) {
    const list = found.get(color);
    if (list) list.push(piece);
    else found.set(color, [piece]);
  }
  return [...found].map(([color, list]) => [color, list.join("")]);
}
