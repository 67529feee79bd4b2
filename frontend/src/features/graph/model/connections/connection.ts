/**
 * Checks that must be immediate while a wire is drawn: types, cycles, occupied ports. The server checks the
 * rest.
 */

import { infoAt, infoOf } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, findOutput, type NamedInput, shapeOf } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { findEnd, INPUTS, NEW_PORT, OUTPUTS, openBlock } from "@/features/graph/model/scope";
import type { Edge, Graph, InputInfo, NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { typeName } from "@/shared/lib/wires";

function fits(from: string, to: string): boolean {
  if (from === to || from === "ANY" || to === "ANY") return true;
  const activations = ["LAYER", "TENSOR"];
  if (activations.includes(from) && activations.includes(to)) return true;
  return from === "INT" && to === "FLOAT";
}

/** Whether an output of this type may feed this port. */
export function accepts(port: InputInfo, dtype: string): boolean {
  return fits(dtype, port.dtype) || (port.also !== null && fits(dtype, port.also));
}

/** Return the nodes upstream or downstream of `id`, including itself. */
function reach(graph: Graph, id: string, way: "upstream" | "downstream"): Set<string> {
  const next = new Map<string, string[]>();
  for (const { source, target } of graph.edges) {
    const [from, to] = way === "upstream" ? [target, source] : [source, target];
    const list = next.get(from);
    if (list) list.push(to);
    else next.set(from, [to]);
  }
  const found = new Set([id]);
  // The set grows while it is iterated: each node is visited once.
  for (const node of found) for (const neighbour of next.get(node) ?? []) found.add(neighbour);
  return found;
}

/** Return why this wire is not possible, as a sentence; null if it is. */
export function whyNotConnect(graph: Graph, catalogue: Catalogue, edge: Edge): string | null {
  const source = findEnd(graph, edge.source);
  const target = findEnd(graph, edge.target);
  if (!source || !target) return "A wire needs a node at both ends.";
  if (source.id === INPUTS && target.id === OUTPUTS)
    return "A block cannot pass an input straight to an output. Draw the wire to a node inside.";
  const output = findOutput(infoOf(graph, catalogue, source), edge.source_output);
  const port = ownValue(infoOf(graph, catalogue, target)?.inputs, edge.target_input);
  if (!output) return `${nodeLabel(source)} has no output “${edge.source_output}”.`;
  if (!port?.is_handle) return `${nodeLabel(target)} has no input “${edge.target_input}”.`;
  if (source === target) return `${nodeLabel(source)} cannot feed itself.`;
  if (!accepts(port, output.dtype)) {
    const accepted = [port.dtype, port.also].filter((dtype) => dtype !== null).map(typeName);
    return `“${edge.target_input}” of ${nodeLabel(target)} takes ${accepted.map(withArticle).join(" or ")}, not the ${typeName(output.dtype)} of ${nodeLabel(source)}.`;
  }
  if (reach(graph, source.id, "upstream").has(target.id)) {
    return `${nodeLabel(target)} already leads to ${nodeLabel(source)}: this wire would close a cycle.`;
  }
  return null;
}

const withArticle = (name: string): string => `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;

/** One end of a wire that is being drawn. */
export interface PortRef {
  node: string;
  port: string;
  side: "source" | "target";
}

/** Return a key for one end of a wire. */
export function portKey({ node, side, port }: PortRef): string {
  return `${side}/${node}/${port}`;
}

/** Return the keys of the ports at which a wire from `from` may end. */
export function fittingPorts(graph: Graph, catalogue: Catalogue, from: PortRef): Set<string> {
  const info = infoAt(graph, catalogue, from.node);
  const barred = reach(graph, from.node, from.side === "source" ? "upstream" : "downstream");
  const found = new Set<string>();
  if (!info) return found;
  const ends = openBlock(graph) ? [INPUTS, OUTPUTS].filter((id) => !isOtherEnd(from.node, id)) : [];
  for (const id of [...graph.nodes.map((node) => node.id), ...ends]) {
    const other = infoAt(graph, catalogue, id);
    if (!other || barred.has(id)) continue;
    for (const ref of endsOf(info, from, other)) found.add(portKey({ ...ref, node: id }));
  }
  return found;
}

/** Whether one is the inputs and one the outputs of a block, which no wire connects. */
function isOtherEnd(a: string, b: string): boolean {
  return [a, b].includes(INPUTS) && [a, b].includes(OUTPUTS);
}

/** Return the ports of a node type that fit the other end of a wire. */
export function endsOf(info: NodeInfo, from: PortRef, other: NodeInfo): Omit<PortRef, "node">[] {
  if (from.side === "source") {
    const dtype = findOutput(info, from.port)?.dtype;
    if (dtype === undefined) return [];
    const ports = shapeOf(other).ports.filter((port) => accepts(port, dtype));
    return ports.map((port) => ({ port: port.name, side: "target" }));
  }
  const port = ownValue(info.inputs, from.port);
  const outputs = other.outputs.filter((output) => port !== undefined && accepts(port, output.dtype));
  return outputs.map((output) => ({ port: output.name, side: "source" }));
}

/** Return the wire between two ends in either order; null if both are inputs or both outputs. */
export function wireBetween(a: PortRef, b: PortRef): Edge | null {
  if (a.side === b.side) return null;
  const [from, to] = a.side === "source" ? [a, b] : [b, a];
  return { source: from.node, source_output: from.port, target: to.node, target_input: to.port };
}

/** Return the wire for a drop on a node: to its first fitting port, preferring free ones. */
export function wireToNode(graph: Graph, catalogue: Catalogue, from: PortRef, nodeId: string): Edge | null {
  const info = infoAt(graph, catalogue, nodeId);
  if (!info) return null;
  const side = from.side === "source" ? "target" : "source";
  const names =
    side === "target"
      ? freeFirst(graph, nodeId, shapeOf(info).ports)
      : newFirst(info.outputs.map((o) => o.name));
  for (const port of names) {
    const edge = wireBetween(from, { node: nodeId, port, side });
    if (edge && whyNotConnect(graph, catalogue, edge) === null) return edge;
  }
  return null;
}

/** Return why no port of a node takes this wire, as a sentence; names the cycle if that is the only reason. */
export function whyNotConnectNode(graph: Graph, catalogue: Catalogue, from: PortRef, nodeId: string): string {
  const [node, start] = [findEnd(graph, nodeId), findEnd(graph, from.node)];
  const [info, origin] = [infoAt(graph, catalogue, nodeId), infoAt(graph, catalogue, from.node)];
  if (!node || !start || !info || !origin) return "A wire needs a node at both ends.";
  const [end] = endsOf(origin, from, info);
  const edge = end && wireBetween(from, { ...end, node: nodeId });
  const reason = edge && whyNotConnect(graph, catalogue, edge);
  if (reason) return reason;
  const carried = typeName(portType(graph, catalogue, from) ?? "ANY");
  return from.side === "source"
    ? `No input of ${nodeLabel(node)} takes the ${carried} of ${nodeLabel(start)}.`
    : `No output of ${nodeLabel(node)} provides ${withArticle(carried)} for “${from.port}” of ${nodeLabel(start)}.`;
}

function freeFirst(graph: Graph, nodeId: string, ports: NamedInput[]): string[] {
  const used = new Set(graph.edges.filter((edge) => edge.target === nodeId).map((edge) => edge.target_input));
  const free = (port: NamedInput): boolean => port.multiple || !used.has(port.name);
  return newFirst([...ports.filter(free), ...ports.filter((port) => !free(port))].map((port) => port.name));
}

/** A wire dropped on the card of a block's own ports creates a port instead of changing one. */
function newFirst(names: string[]): string[] {
  return names.includes(NEW_PORT) ? [NEW_PORT] : names;
}

/** Whether an input takes any number of wires. */
export function takesMany(graph: Graph, catalogue: Catalogue, edge: Edge): boolean {
  return ownValue(infoAt(graph, catalogue, edge.target)?.inputs, edge.target_input)?.multiple ?? false;
}

/** Return the data type at one end of a wire; undefined if the node or port is unknown. */
export function portType(graph: Graph, catalogue: Catalogue, ref: PortRef): string | undefined {
  const info = infoAt(graph, catalogue, ref.node);
  return ref.side === "source" ? findOutput(info, ref.port)?.dtype : ownValue(info?.inputs, ref.port)?.dtype;
}
