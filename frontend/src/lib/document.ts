/** Pure edits of the graph document. Each returns the same object where nothing changes. */
import type { Edge, Graph, GraphNode, Json, NodeInfo, Position } from "@/api/types";

export const FORMAT = 1;

export function emptyGraph(name = "Untitled"): Graph {
  return { format: FORMAT, name, nodes: [], edges: [] };
}

/** A key for a wire, unique within a graph. */
export function edgeId(edge: Edge): string {
  return [edge.source, edge.source_output, edge.target, edge.target_input].map(encodeURIComponent).join("/");
}

const byId = new WeakMap<GraphNode[], Map<string, GraphNode>>();

/** The node with this id; the index is made once per list of nodes. */
export function findNode(graph: Graph, id: string): GraphNode | undefined {
  let index = byId.get(graph.nodes);
  if (!index) {
    index = new Map(graph.nodes.map((node) => [node.id, node]));
    byId.set(graph.nodes, index);
  }
  return index.get(id);
}

/** What to call a node in a sentence, the same as the server does. */
export function nodeLabel(node: GraphNode): string {
  return node.name || node.id;
}

function uniqueId(graph: Graph, type: string): string {
  const stem = type.toLowerCase().replace(/[^a-z0-9_]+/g, "") || "node";
  const taken = new Set(graph.nodes.map((node) => node.id));
  for (let n = 1; ; n++) if (!taken.has(`${stem}${n}`)) return `${stem}${n}`;
}

function uniqueName(graph: Graph, wanted: string): string {
  const taken = new Set(graph.nodes.map((node) => node.name));
  if (!taken.has(wanted)) return wanted;
  const stem = wanted.replace(/ \d+$/, "");
  for (let n = 2; ; n++) if (!taken.has(`${stem} ${n}`)) return `${stem} ${n}`;
}

/** Adds a node of this type, with default parameters but for those given; returns the graph and the new id. */
export function addNode(
  graph: Graph,
  info: NodeInfo,
  position: Position,
  params: GraphNode["params"] = {},
): { graph: Graph; id: string } {
  const node: GraphNode = {
    id: uniqueId(graph, info.type),
    type: info.type,
    name: uniqueName(graph, info.display_name),
    disabled: false,
    version: info.version,
    position,
    params,
  };
  return { graph: { ...graph, nodes: [...graph.nodes, node] }, id: node.id };
}

function updateNode(graph: Graph, id: string, change: (node: GraphNode) => GraphNode): Graph {
  let changed = false;
  const nodes = graph.nodes.map((node) => {
    if (node.id !== id) return node;
    const next = change(node);
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...graph, nodes } : graph;
}

export function setParam(graph: Graph, id: string, param: string, value: Json): Graph {
  return updateNode(graph, id, (node) =>
    Object.is(node.params[param], value) ? node : { ...node, params: { ...node.params, [param]: value } },
  );
}

/** Back to the default: the parameter is no longer stated. */
export function resetParam(graph: Graph, id: string, param: string): Graph {
  return updateNode(graph, id, (node) => {
    if (!(param in node.params)) return node;
    const { [param]: _dropped, ...params } = node.params;
    return { ...node, params };
  });
}

export function renameNode(graph: Graph, id: string, name: string): Graph {
  return updateNode(graph, id, (node) => (node.name === name ? node : { ...node, name }));
}

export function renameGraph(graph: Graph, name: string): Graph {
  return graph.name === name ? graph : { ...graph, name };
}

export function setDisabled(graph: Graph, ids: ReadonlySet<string>, disabled: boolean): Graph {
  if (!graph.nodes.some((node) => ids.has(node.id) && node.disabled !== disabled)) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => (ids.has(node.id) ? { ...node, disabled } : node)) };
}

export function moveNodes(graph: Graph, positions: ReadonlyMap<string, Position>): Graph {
  const moved = (node: GraphNode): boolean => {
    const to = positions.get(node.id);
    return to !== undefined && (to.x !== node.position?.x || to.y !== node.position.y);
  };
  if (!graph.nodes.some(moved)) return graph;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      const position = positions.get(node.id);
      return position && moved(node) ? { ...node, position } : node;
    }),
  };
}

/** Draws a wire. An input that takes one wire loses the wire it had. */
export function connect(graph: Graph, edge: Edge, multiple: boolean): Graph {
  const id = edgeId(edge);
  if (graph.edges.some((other) => edgeId(other) === id)) return graph;
  const kept = multiple
    ? graph.edges
    : graph.edges.filter((other) => other.target !== edge.target || other.target_input !== edge.target_input);
  return { ...graph, edges: [...kept, edge] };
}

/** Puts one wire in the place of another, in one step. */
export function reconnect(graph: Graph, oldId: string, edge: Edge, multiple: boolean): Graph {
  return edgeId(edge) === oldId ? graph : connect(remove(graph, new Set(), new Set([oldId])), edge, multiple);
}

/** Removes nodes, with the wires they had, and wires. */
export function remove(graph: Graph, nodes: ReadonlySet<string>, edges: ReadonlySet<string>): Graph {
  const goes = (edge: Edge): boolean =>
    nodes.has(edge.source) || nodes.has(edge.target) || edges.has(edgeId(edge));
  const kept = {
    nodes: graph.nodes.filter((node) => !nodes.has(node.id)),
    edges: graph.edges.filter((edge) => !goes(edge)),
  };
  const same = kept.nodes.length === graph.nodes.length && kept.edges.length === graph.edges.length;
  return same ? graph : { ...graph, ...kept };
}

/** Nodes with the wires between them, as they are copied. */
export interface Fragment {
  nodes: GraphNode[];
  edges: Edge[];
}

export function fragmentOf(graph: Graph, ids: ReadonlySet<string>): Fragment {
  return {
    nodes: graph.nodes.filter((node) => ids.has(node.id)),
    edges: graph.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)),
  };
}

/** Inserts a copy of a fragment under new ids, moved by `offset`; returns the graph and the new ids. */
export function insert(graph: Graph, fragment: Fragment, offset: Position): { graph: Graph; ids: string[] } {
  let next = graph;
  const renamed = new Map<string, string>();
  for (const node of fragment.nodes) {
    const id = uniqueId(next, node.type);
    renamed.set(node.id, id);
    const position = {
      x: (node.position?.x ?? 0) + offset.x,
      y: (node.position?.y ?? 0) + offset.y,
    };
    const name = node.name && uniqueName(next, node.name);
    next = { ...next, nodes: [...next.nodes, { ...node, id, name, position }] };
  }
  const edges = fragment.edges.flatMap((edge) => {
    const source = renamed.get(edge.source);
    const target = renamed.get(edge.target);
    return source && target ? [{ ...edge, source, target }] : [];
  });
  return { graph: { ...next, edges: [...next.edges, ...edges] }, ids: [...renamed.values()] };
}

/** Whether two documents say the same to the server: all but places. */
export function sameMeaning(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  if (a.edges !== b.edges || a.nodes.length !== b.nodes.length) return false;
  return a.nodes.every((node, i) => {
    const other = b.nodes[i];
    return (
      node === other ||
      (other !== undefined &&
        node.id === other.id &&
        node.type === other.type &&
        node.name === other.name &&
        node.disabled === other.disabled &&
        node.params === other.params)
    );
  });
}
