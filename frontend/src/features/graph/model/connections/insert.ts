/** Insert a node on a wire: the data of the wire then flows through the node. */

import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { connectWire, reconnectWire } from "@/features/graph/model/blocks/blockPorts";
import { type Catalogue, type NamedInput, shapeOf } from "@/features/graph/model/catalogue";
import { edgeId, remove } from "@/features/graph/model/document";
import type { Edge, Graph, NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { accepts, portType, whyNotConnect } from "./connection";

/** The ports at which data enters and leaves a node. */
interface Way {
  input: string;
  output: string;
}

/** Insert a node on this wire through its first fitting free ports; null if there are none. */
export function insertIntoWire(graph: Graph, catalogue: Catalogue, node: string, wire: string): Graph | null {
  const edge = findWire(graph, wire);
  const info = infoAt(graph, catalogue, node);
  if (!edge || !info || edge.source === node || edge.target === node) return null;
  const used = new Set(graph.edges.filter((one) => one.target === node).map((one) => one.target_input));
  const way = wayThrough(graph, catalogue, edge, info, ({ name, multiple }) => multiple || !used.has(name));
  const leads = graph.edges.some((one) => one.source === node && one.source_output === way?.output);
  if (!way || leads) return null;
  const opened = remove(graph, new Set(), new Set([wire]));
  const into: Edge = { ...edge, target: node, target_input: way.input };
  const out: Edge = { ...edge, source: node, source_output: way.output };
  if ([into, out].some((one) => whyNotConnect(opened, catalogue, one) !== null)) return null;
  return connectWire(reconnectWire(graph, catalogue, wire, out), catalogue, into);
}

/** Whether a new node of this type could be inserted on a wire. */
export function fitsIntoWire(graph: Graph, catalogue: Catalogue, info: NodeInfo, wire: string): boolean {
  const edge = findWire(graph, wire);
  return edge !== undefined && wayThrough(graph, catalogue, edge, info) !== null;
}

const findWire = (graph: Graph, wire: string): Edge | undefined =>
  graph.edges.find((edge) => edgeId(edge) === wire);

function wayThrough(
  graph: Graph,
  catalogue: Catalogue,
  edge: Edge,
  info: NodeInfo,
  isFree: (port: NamedInput) => boolean = () => true,
): Way | null {
  const carried = portType(graph, catalogue, { node: edge.source, port: edge.source_output, side: "source" });
  const taken = ownValue(infoAt(graph, catalogue, edge.target)?.inputs, edge.target_input);
  if (carried === undefined || !taken) return null;
  const input = shapeOf(info).ports.find((port) => accepts(port, carried) && isFree(port));
  const output = info.outputs.find(({ dtype }) => accepts(taken, dtype));
  return input && output ? { input: input.name, output: output.name } : null;
}
