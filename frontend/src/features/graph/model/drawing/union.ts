/** The union of two graphs, so that removed nodes can be drawn beside current ones. */

import { CARD } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import type { ChangeKind, Difference } from "@/features/graph/model/compare/diff";
import { edgeId } from "@/features/graph/model/document";
import type { Rect } from "@/features/graph/model/layout/frames";
import { nodeHeight } from "@/features/graph/model/layout/rows";
import { blockOf } from "@/features/graph/model/rewire";
import { pathTo, scopeOf } from "@/features/graph/model/scope";
import type { Graph, GraphNode } from "@/shared/api/types";
import type { Changes } from "./drawing";

export interface Union {
  graph: Graph;
  changes: Changes;
}

/** Merge a block of both graphs, or the graphs themselves, into one; `after` gives the positions. */
export function unionOf(
  before: Graph,
  after: Graph,
  differences: readonly Difference[],
  block: string | null,
  types: Catalogue,
): Union {
  const old = scopeOf(before, pathTo(before, block));
  const now = scopeOf(after, pathTo(after, block));
  const ids = new Set(now.nodes.map((node) => node.id));
  const gone = old.nodes.filter((node) => !ids.has(node.id));
  const [had, has] = [new Set(old.edges.map(edgeId)), new Set(now.edges.map(edgeId))];
  const graph = {
    ...now,
    blocks: { ...before.blocks, ...after.blocks },
    edges: [...now.edges, ...old.edges.filter((edge) => !has.has(edgeId(edge)))],
  };
  return {
    graph: { ...graph, nodes: [...now.nodes, ...beside(gone, now.nodes, graph, types)] },
    changes: {
      nodes: changedNodes(now.nodes, differences, block),
      wires: new Map([
        ...[...has].filter((id) => !had.has(id)).map((id) => [id, "added"] as const),
        ...[...had].filter((id) => !has.has(id)).map((id) => [id, "removed"] as const),
      ]),
    },
  };
}

function changedNodes(
  nodes: readonly GraphNode[],
  differences: readonly Difference[],
  block: string | null,
): Map<string, ChangeKind> {
  const changed = new Set(differences.flatMap((one) => one.block ?? []));
  // A Block node counts as changed if its inner nodes changed.
  const found = new Map<string, ChangeKind>(
    nodes.filter((node) => changed.has(blockOf(node) ?? "")).map((node) => [node.id, "changed"]),
  );
  for (const one of differences) if (one.block === block && one.node !== null) found.set(one.node, one.kind);
  return found;
}

const STEP = 20;

/** Return removed nodes at their old positions, moved down if another node is there now. */
function beside(
  gone: readonly GraphNode[],
  there: readonly GraphNode[],
  graph: Graph,
  types: Catalogue,
): GraphNode[] {
  const rectOf = (node: GraphNode): Rect => ({
    ...(node.position ?? { x: 0, y: 0 }),
    width: CARD.width,
    height: nodeHeight(graph, types, node),
  });
  const taken = there.map(rectOf);
  return gone.map((node) => {
    const rect = rectOf(node);
    for (let hit = overlapped(rect, taken); hit; hit = overlapped(rect, taken))
      rect.y = hit.y + hit.height + STEP;
    taken.push(rect);
    return { ...node, position: { x: rect.x, y: rect.y } };
  });
}

function overlapped(rect: Rect, taken: readonly Rect[]): Rect | undefined {
  return taken.find(
    (other) =>
      rect.x < other.x + other.width &&
      other.x < rect.x + rect.width &&
      rect.y < other.y + other.height &&
      other.y < rect.y + rect.height,
  );
}
