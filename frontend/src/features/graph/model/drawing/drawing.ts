/** Draw a graph as a picture: for versions, comparisons, and image export. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import type { ChangeKind } from "@/features/graph/model/compare/diff";
import type { FrameKind, Rect } from "@/features/graph/model/layout/frames";
import type { Graph, Group } from "@/shared/api/types";
import { wireColor } from "@/shared/lib/wires";
import { CHANGE_LOOK, cardMarks } from "./card";
import { fitted, group, label, type Mark, path, rect } from "./marks";
import { type Scene, type SceneWire, sceneOf } from "./scene";
import { wirePath } from "./wires";

/** What happened to nodes and wires, by their ids. */
export interface Changes {
  nodes: ReadonlyMap<string, ChangeKind>;
  wires: ReadonlyMap<string, ChangeKind>;
}

export interface Drawing {
  box: Rect;
  marks: Mark[];
  /** The rectangle of each card, by node id. */
  places: ReadonlyMap<string, Rect>;
}

const FRAME_COLORS: Record<FrameKind, string> = {
  data: "var(--wire-dataset)",
  model: "var(--wire-layer)",
  training: "var(--wire-result)",
};

/** Draw the open scope of a graph; with `changes`, as a comparison. */
export function drawGraph(graph: Graph, types: Catalogue, changes?: Changes): Drawing {
  const scene = sceneOf(graph, types);
  const cards = scene.cards.map((card) => {
    const change = changes?.nodes.get(card.node.id);
    return cardMarks(card, { change, plain: changes !== undefined && change === undefined });
  });
  return {
    box: scene.box,
    places: new Map(scene.cards.map((card) => [card.node.id, card.rect])),
    marks: [
      ...frames(scene),
      ...groups(scene),
      ...scene.wires.map((wire) => wireMark(wire, changes)),
      ...cards,
      ...notes(scene),
    ],
  };
}

function frames({ frames }: Scene): Mark[] {
  return frames.map(({ kind, title, rect: { x, y, width, height } }) =>
    group({}, [
      rect(x, y, width, height, {
        rx: 12,
        fill: FRAME_COLORS[kind],
        fillOpacity: 0.05,
        stroke: "var(--line)",
      }),
      label(x + 16, y + 24, title, { size: 13, weight: 600, fill: "var(--text)" }),
    ]),
  );
}

/** The colours of groups and notes, as in the style sheet. */
const COLORS: Record<Group["color"], string> = {
  "": "var(--muted)",
  yellow: "#ca8a04",
  green: "var(--wire-dataset)",
  blue: "#0284c7",
  violet: "var(--wire-model)",
  pink: "var(--wire-optimizer)",
};

function groups({ groups }: Scene): Mark[] {
  return groups.map(({ group: { title, color }, rect: { x, y, width, height } }) =>
    group({}, [
      rect(x, y, width, height, {
        rx: 12,
        fill: COLORS[color],
        fillOpacity: 0.05,
        stroke: COLORS[color],
        strokeDasharray: "5 4",
      }),
      label(x + 14, y + 24, fitted(title || "Group", width - 28, 13), {
        size: 13,
        weight: 600,
        fill: "var(--text)",
      }),
    ]),
  );
}

/** Draw as much of each line as fits. */
function notes({ notes }: Scene): Mark[] {
  return notes.map(({ note: { text, color }, rect: { x, y, width, height } }) => {
    const lines = text.split("\n").slice(0, Math.max(1, Math.floor((height - 16) / NOTE_LINE)));
    return group({}, [
      rect(x, y, width, height, { rx: 8, fill: "var(--panel)", stroke: COLORS[color] }),
      rect(x, y, width, height, { rx: 8, fill: COLORS[color], fillOpacity: 0.12 }),
      ...lines.map((line, row) =>
        label(x + 10, y + 21 + row * NOTE_LINE, fitted(line, width - 20, 13), {
          size: 13,
          fill: "var(--text)",
        }),
      ),
    ]);
  });
}

const NOTE_LINE = 20;

function wireMark(
  { id, dtype, from, to, route, source, target }: SceneWire,
  changes: Changes | undefined,
): Mark {
  const change = changes?.wires.get(id);
  const off = source.node.disabled || target.node.disabled;
  const plain = off || (changes !== undefined && !change);
  const stroke = change ? CHANGE_LOOK[change].color : plain ? "var(--line-strong)" : wireColor(dtype);
  return path(wirePath(from, to, route), {
    fill: "none",
    stroke,
    strokeWidth: change ? 3 : 2,
    ...((change === "removed" || (off && !change)) && { strokeDasharray: "6 4" }),
  });
}
