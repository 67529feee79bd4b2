/** Delete nodes and reconnect what was downstream of them to what was upstream. */

import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { reconnectWire } from "@/features/graph/model/blocks/blockPorts";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import { edgeId, remove } from "@/features/graph/model/document";
import type { Edge, Graph } from "@/shared/api/types";
import { whyNotConnect } from "./connection";

export interface Reconnection {
  graph: Graph;
  /** Wires downstream of the deleted nodes that no upstream output fits. */
  open: Edge[];
}

/** Delete these nodes; each wire that left them is reconnected to the first upstream output that fits. */
export function deleteAndReconnect(
  graph: Graph,
  catalogue: Catalogue,
  gone: ReadonlySet<string>,
): Reconnection {
  let next = graph;
  const open: Edge[] = [];
  for (const edge of graph.edges) {
    if (!gone.has(edge.source) || gone.has(edge.target)) continue;
    const joined = originsOf(graph, catalogue, edge.source, gone)
      .map(({ source, source_output }) => ({ ...edge, source, source_output }))
      .find((one) => whyNotConnect(next, catalogue, one) === null);
    if (joined) next = reconnectWire(next, catalogue, edgeId(edge), joined);
    else open.push(edge);
  }
  return { graph: remove(next, gone, new Set()), open };
}

/** Return the wires into a deleted node from nodes that stay, in the order of its inputs. */
function originsOf(
  graph: Graph,
  catalogue: Catalogue,
  id: string,
  gone: ReadonlySet<string>,
  seen: Set<string> = new Set(),
): Edge[] {
  if (seen.has(id)) return [];
  seen.add(id);
  const info = infoAt(graph, catalogue, id);
  const order = info ? shapeOf(info).ports.map((port) => port.name) : [];
  return graph.edges
    .filter((edge) => edge.target === id)
    .sort((a, b) => order.indexOf(a.target_input) - order.indexOf(b.target_input))
    .flatMap((edge) =>
      gone.has(edge.source) ? originsOf(graph, catalogue, edge.source, gone, seen) : [edge],
    );
}
