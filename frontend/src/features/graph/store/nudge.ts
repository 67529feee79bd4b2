/** Move the selected nodes by keys: presses in quick succession are one undo step. */

import { noteKey } from "@/features/graph/model/annotations";
import { GRID } from "@/features/graph/model/card";
import { moveNodes } from "@/features/graph/model/document";
import type { Graph, Position } from "@/shared/api/types";
import { edit, extend, openScope, useGraph } from "./graph";
import { useViewState } from "./viewState";

const FAR = 50;
/** For how long a press belongs to the one before it, in milliseconds. */
const SOON = 1000;

export type Way = "left" | "right" | "up" | "down";

const TOWARDS: Record<Way, Position> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
};

/** The result of the last press: the document, the moved nodes, and when. */
let last: { graph: Graph; nodes: ReadonlySet<string>; at: number } | null = null;

/** Move the selected nodes by one step of the grid, or by five. */
export function nudge(way: Way, far: boolean): void {
  const { nodes } = useViewState.getState();
  const step = far ? FAR : GRID;
  const { x, y } = TOWARDS[way];
  const places = new Map<string, Position>();
  const scope = openScope(useGraph.getState());
  for (const [key, at] of [
    ...scope.nodes.map((node) => [node.id, node.position] as const),
    ...scope.notes.map((note) => [noteKey(note.id), note.position] as const),
  ]) {
    if (nodes.has(key) && at) places.set(key, { x: at.x + x * step, y: at.y + y * step });
  }
  if (places.size === 0) return;
  const follows =
    last?.graph === useGraph.getState().graph && last.nodes === nodes && Date.now() - last.at < SOON;
  (follows ? extend : edit)((graph) => moveNodes(graph, places));
  last = { graph: useGraph.getState().graph, nodes, at: Date.now() };
}
