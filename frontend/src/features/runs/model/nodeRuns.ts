import { locateNode, type Path } from "@/features/graph/model/scope";
import type { Graph } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

/**
 * A run's state of a node in a scope. Runs know nodes by their path ids; what happens inside a block, in any of its
 * repeats, is shown at the block as well.
 */
export function runAt<Run>(
  runs: Readonly<Record<string, Run>>,
  graph: Graph,
  path: Path,
  id: string,
): Run | undefined {
  if (path.length === 0 && Object.hasOwn(runs, id)) return ownValue(runs, id);
  const fullPath = [...path, id];
  const inside = Object.keys(runs).find((key) => {
    if (!key.includes("/")) return false;
    const place = locateNode(graph, key);
    const steps = place ? [...place.path, place.node] : [];
    return fullPath.every((step, index) => steps[index] === step);
  });
  return inside === undefined ? undefined : ownValue(runs, inside);
}
