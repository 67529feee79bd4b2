/** Nodes that are dragged into the frame of a group join it; nodes that are dragged out leave it. */

import { groupOf, joinGroup, leaveGroups } from "@/features/graph/model/annotations";
import { groupRect, holds, type Rect } from "@/features/graph/model/layout/frames";
import type { Graph, Group } from "@/shared/api/types";

type Rects = ReadonlyMap<string, Rect>;

/** Return the group whose frame contains the centre of a card; dragged nodes do not widen it. */
export function groupUnder(
  graph: Graph,
  rects: Rects,
  id: string,
  dragged: ReadonlySet<string>,
): Group | undefined {
  const card = rects.get(id);
  if (!card) return undefined;
  return graph.groups.find((group) => {
    const rect = group.folded ? null : groupRect(group, rects, (node) => dragged.has(node));
    return rect !== null && holds(rect, card);
  });
}

/** Return the graph with these nodes in the groups into which they were dragged. */
export function regrouped(graph: Graph, rects: Rects, dragged: ReadonlySet<string>): Graph {
  let next = graph;
  for (const id of dragged) {
    const [old, under] = [groupOf(graph, id), groupUnder(graph, rects, id, dragged)];
    // A group that is dragged as a whole stays one.
    if (old?.nodes.every((node) => dragged.has(node)) || old?.id === under?.id) continue;
    next = under ? joinGroup(next, under.id, new Set([id])) : leaveGroups(next, new Set([id]));
  }
  return next;
}
