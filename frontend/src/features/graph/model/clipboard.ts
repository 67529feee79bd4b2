/** Copied nodes as text: a graph file that an editor, another tab or another graph can read. */
import type { Edge, Graph } from "@/shared/api/types";
import { FORMAT, type Fragment, fragmentOf } from "./document";
import { graphFromText } from "./graphFile";

/** Copied nodes. Wires from nodes that were not copied keep their position in `edges`. */
export type Copied = Required<Fragment>;

const SUBJECT = "The text in the clipboard";

export function copiedText(graph: Graph, ids: ReadonlySet<string>): string {
  const copied = fragmentOf(graph, ids);
  const into = graph.edges.filter((edge) => ids.has(edge.target));
  const outside_edges = into.flatMap((edge, place) => (ids.has(edge.source) ? [] : [{ ...edge, place }]));
  return JSON.stringify({ format: FORMAT, name: graph.name, ...copied, outside_edges }, null, 2);
}

/** Parse nodes from copied text or the text of a graph file. Throws an Error that explains what is wrong. */
export function copiedFrom(text: string): Copied {
  if (!text.trimStart().startsWith("{")) {
    throw new Error(`${SUBJECT} is not a graph. Copy nodes, or the text of a graph file.`);
  }
  const graph = graphFromText(text, SUBJECT);
  const nodes = [...new Map(graph.nodes.map((node) => [node.id, node])).values()];
  if (nodes.length + graph.notes.length === 0) throw new Error("The graph in the clipboard has no nodes.");
  const { blocks, groups, notes } = graph;
  return { nodes, edges: withOutside(graph), blocks, groups, notes };
}

function withOutside(graph: Graph & { outside_edges?: unknown }): Edge[] {
  const edges = [...graph.edges];
  if (!Array.isArray(graph.outside_edges)) return edges;
  for (const { place, ...edge } of graph.outside_edges.filter(isOutside)) edges.splice(place, 0, edge);
  return edges;
}

function isOutside(value: unknown): value is Edge & { place: number } {
  if (typeof value !== "object" || value === null) return false;
  const { source, source_output, target, target_input, place } = value as Record<string, unknown>;
  const ends = [source, source_output, target, target_input];
  return ends.every((end) => typeof end === "string") && typeof place === "number";
}
