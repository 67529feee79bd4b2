/** Reads a graph file. The server judges its contents; here only that it is a graph at all. */
import type { Block, Edge, Graph, GraphNode } from "@/api/types";
import { FORMAT } from "./document";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The graph in a file's text. Raises an Error whose message names the file and what is wrong. */
export function graphFromText(text: string, fileName: string): Graph {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${fileName} is not a graph file: it is not valid JSON.`);
  }
  if (!isRecord(value) || !Array.isArray(value.nodes)) {
    throw new Error(`${fileName} is not a graph file: it has no list of nodes.`);
  }
  if (value.format !== undefined && value.format !== FORMAT) {
    throw new Error(
      `${fileName} has format ${String(value.format)}; this version of VisDL reads format ${FORMAT}.`,
    );
  }
  return {
    ...value,
    format: FORMAT,
    name: typeof value.name === "string" ? value.name : fileName.replace(/\.json$/i, ""),
    nodes: value.nodes.map((node, index) => completeNode(node, index, fileName)),
    edges: Array.isArray(value.edges) ? value.edges.map((edge, index) => asEdge(edge, index, fileName)) : [],
    blocks: isRecord(value.blocks)
      ? Object.fromEntries(
          Object.entries(value.blocks).map(([id, block]) => [id, asBlock(block, id, fileName)]),
        )
      : {},
  };
}

/** A block of the file, in which scripts may leave out what is empty. */
function asBlock(value: unknown, id: string, fileName: string): Block {
  if (!isRecord(value) || !Array.isArray(value.nodes)) {
    throw new Error(`${fileName} is not a graph file: the block “${id}” has no list of nodes.`);
  }
  const record = (part: unknown) => (isRecord(part) ? part : {});
  return {
    ...value,
    name: typeof value.name === "string" ? value.name : id,
    nodes: value.nodes.map((node, index) => completeNode(node, index, fileName)),
    edges: Array.isArray(value.edges) ? value.edges.map((edge, index) => asEdge(edge, index, fileName)) : [],
    inputs: record(value.inputs),
    outputs: record(value.outputs),
    params: record(value.params),
  } as Block;
}

/** Scripts may leave out name, params and position. */
function completeNode(value: unknown, index: number, fileName: string): GraphNode {
  if (!isRecord(value) || typeof value.id !== "string" || typeof value.type !== "string") {
    throw new Error(`${fileName} is not a graph file: node ${index + 1} has no id or no type.`);
  }
  if (value.params !== undefined && !isRecord(value.params)) {
    throw new Error(
      `${fileName} is not a graph file: the parameters of node ${index + 1} are not a list of names and values.`,
    );
  }
  const defaults = { name: "", disabled: false, version: 1, position: null, params: {} };
  return { ...defaults, ...value } as GraphNode;
}

const ENDS = ["source", "source_output", "target", "target_input"];

function asEdge(value: unknown, index: number, fileName: string): Edge {
  if (!isRecord(value) || ENDS.some((end) => typeof value[end] !== "string")) {
    throw new Error(
      `${fileName} is not a graph file: wire ${index + 1} does not say which output and input it joins.`,
    );
  }
  return value as Edge;
}
