import type { Graph, GraphNode } from "@/shared/api/types";

/** Sort nodes after those that feed them; nodes on a cycle come last, in their order. */
export function topologicalOrder({ nodes, edges }: Pick<Graph, "nodes" | "edges">): GraphNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const waiting = new Map(nodes.map((node) => [node.id, 0]));
  const after = new Map<string, string[]>();
  for (const { source, target } of edges) {
    if (!byId.has(source)) continue;
    waiting.set(target, (waiting.get(target) ?? 0) + 1);
    const list = after.get(source);
    if (list) list.push(target);
    else after.set(source, [target]);
  }
  const ordered = new Set<GraphNode>(nodes.filter((node) => waiting.get(node.id) === 0));
  for (const node of ordered) {
    for (const id of after.get(node.id) ?? []) {
      const left = (waiting.get(id) ?? 0) - 1;
      waiting.set(id, left);
      const next = byId.get(id);
      if (left === 0 && next) ordered.add(next);
    }
  }
  for (const node of nodes) ordered.add(node);
  return [...ordered];
}
