/** Fixes suggested by the server, as edits of the document. */

import type { Edge, Fix, Graph, GraphNode, NodeInfo, Position } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { CARD } from "./card";
import { type Catalogue, shapeOf } from "./catalogue";
import { addNode, findNode, remove, setDisabled, setParam, uniqueName } from "./document";
import { locateNode, scopeOf, withScope } from "./scope";

type GraphEdit = Fix["edits"][number];
type Connect = Extract<GraphEdit, { op: "connect" }>;

/** Apply every edit of a fix; null, with nothing changed, if one of them no longer applies. */
export function applyFix(graph: Graph, catalogue: Catalogue, fix: Fix): Graph | null {
  let next: Graph | null = graph;
  for (const edit of fix.edits) {
    if (next === null) return null;
    next = applied(next, catalogue, edit);
  }
  return next;
}

/** Return the node that a fix is about: the first that it names. */
export function nodeToFix(fix: Fix): string | undefined {
  const first = fix.edits[0];
  return first && (first.op === "insert_node" ? first.after : first.node);
}

function applied(graph: Graph, catalogue: Catalogue, edit: GraphEdit): Graph | null {
  const place = locateNode(graph, edit.op === "insert_node" ? edit.after : edit.node);
  if (!place) return null;
  const scope = scopeOf(graph, place.path);
  const changed = inScope(scope, catalogue, edit, place.node);
  return changed && withScope(graph, place.path, changed);
}

function inScope(scope: Graph, catalogue: Catalogue, edit: GraphEdit, id: string): Graph | null {
  if (edit.op === "set_param") return setParam(scope, id, edit.param, edit.value);
  if (edit.op === "set_disabled") return setDisabled(scope, new Set([id]), edit.disabled);
  if (edit.op === "remove_node") return withoutNode(scope, id);
  if (edit.op === "connect") return connected(scope, edit, id);
  const info = ownValue(catalogue, edit.type);
  if (!info) return null;
  if (edit.op === "insert_node") return insertedAfter(scope, info, id, edit.output, edit.params ?? {});
  return replaced(scope, catalogue, info, id, edit.params ?? {});
}

/** Connect an input to an output, in place of its present wire. */
function connected(scope: Graph, edit: Connect, target: string): Graph | null {
  if (!findNode(scope, edit.source)) return null;
  const isFormer = (edge: Edge): boolean => edge.target === target && edge.target_input === edit.port;
  const wire = { source: edit.source, source_output: edit.output, target, target_input: edit.port };
  return { ...scope, edges: [...scope.edges.filter((edge) => !isFormer(edge)), wire] };
}

/** Remove a node; its readers read the source of its first wire instead. */
function withoutNode(scope: Graph, id: string): Graph {
  const before = scope.edges.find((edge) => edge.target === id);
  if (!before) return remove(scope, new Set([id]), new Set());
  const { source, source_output } = before;
  const edges = scope.edges
    .filter((edge) => edge !== before)
    .map((edge) => (edge.source === id ? { ...edge, source, source_output } : edge));
  return remove({ ...scope, edges }, new Set([id]), new Set());
}

function insertedAfter(
  scope: Graph,
  info: NodeInfo,
  after: string,
  output: string,
  params: GraphNode["params"],
): Graph | null {
  const port = shapeOf(info).ports[0]?.name;
  const out = info.outputs[0]?.name;
  if (port === undefined || out === undefined) return null;
  const leaves = (edge: Edge): boolean => edge.source === after && edge.source_output === output;
  const { graph, id } = addNode(scope, info, positionAfter(scope, after, scope.edges.find(leaves)), params);
  const edges = graph.edges.map((edge) =>
    leaves(edge) ? { ...edge, source: id, source_output: out } : edge,
  );
  const wire = { source: after, source_output: output, target: id, target_input: port };
  return { ...graph, edges: [...edges, wire] };
}

/** Return a position below the wire of the new node, so that it hides no card. */
function positionAfter(scope: Graph, after: string, edge: Edge | undefined): Position {
  const from = findNode(scope, after)?.position ?? { x: 0, y: 0 };
  const to = (edge && findNode(scope, edge.target)?.position) ?? { x: from.x + 2 * CARD.width, y: from.y };
  return { x: Math.round((from.x + to.x) / 2), y: Math.round(Math.max(from.y, to.y) + CARD.width / 2) };
}

/** Change the type of a node. Wires keep ports with the same name; others move to the first port. */
function replaced(
  scope: Graph,
  catalogue: Catalogue,
  info: NodeInfo,
  id: string,
  params: GraphNode["params"],
): Graph | null {
  const old = findNode(scope, id);
  if (!old) return null;
  const inputs = shapeOf(info).ports.map((port) => port.name);
  const outputs = info.outputs.map((one) => one.name);
  const kept = (names: string[], name: string): string | undefined =>
    names.includes(name) ? name : names[0];
  const isDefault = old.name.replace(/ \d+$/, "") === ownValue(catalogue, old.type)?.display_name;
  const name = isDefault ? uniqueName(scope, info.display_name) : old.name;
  const nodes = scope.nodes.map((node) =>
    node.id === id ? { ...node, type: info.type, version: info.version, name, params } : node,
  );
  const edges = scope.edges.flatMap((edge) => {
    const target_input = edge.target === id ? kept(inputs, edge.target_input) : edge.target_input;
    const source_output = edge.source === id ? kept(outputs, edge.source_output) : edge.source_output;
    if (target_input === undefined || source_output === undefined) return [];
    return [{ ...edge, target_input, source_output }];
  });
  return { ...scope, nodes, edges };
}
