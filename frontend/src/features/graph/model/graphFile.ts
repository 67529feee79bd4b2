/** Parse a graph file. The server validates its contents; here only its structure is checked. */
import type { Block, Edge, Graph, GraphNode } from "@/shared/api/types";
import { groupsIn, notesIn } from "./annotations";
import { FORMAT } from "./document";
import { isRecord } from "./normalizeDocument";

/** Parse the graph in a file's text. Throws an Error that names the file and what is wrong. */
export function graphFromText(text: string, fileName: string): Graph {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${fileName} is not a graph file: it is not valid JSON.`);
  }
  const owner = ownerOf(value);
  if (owner) throw new Error(`${fileName} is ${owner}, not a graph file of VisDL.`);
  if (!isRecord(value) || !Array.isArray(value.nodes)) {
    throw new Error(`${fileName} is not a graph file: it has no list of nodes.`);
  }
  if (value.format !== undefined && value.format !== FORMAT) {
    throw new Error(
      `${fileName} has format ${String(value.format).slice(0, 40)}; this version of VisDL reads format ${FORMAT}. A newer VisDL may have written it.`,
    );
  }
  if (isDeeperThan(value, DEEPEST))
    throw new Error(`${fileName} is not a graph file: it is nested too deeply.`);
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
    groups: groupsIn(value.groups),
    notes: notesIn(value.notes),
  };
}

/** Return which other program's file this is; null if unknown. */
function ownerOf(value: unknown): string | null {
  if (!isRecord(value)) return null;
  const nodes = Array.isArray(value.nodes) ? value.nodes : Object.values(value);
  const comfy = nodes.length > 0 && nodes.every((node) => isRecord(node) && "class_type" in node);
  if (comfy || "last_node_id" in value) return "a ComfyUI workflow";
  if (typeof value.class_name === "string" && isRecord(value.config)) return "a Keras model";
  if ("nbformat" in value) return "a Jupyter notebook";
  if ("viewport" in value && Array.isArray(value.edges) && !("format" in value))
    return "a React Flow diagram";
  return null;
}

/** A graph file is far less nested than this; the server and the browser limit the depth. */
const DEEPEST = 100;

function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((item) =>
      typeof item === "object" && item !== null ? Object.values(item).filter(isNested) : [],
    );
  }
  return false;
}

const isNested = (value: unknown): boolean => typeof value === "object" && value !== null;

/** Parse a block of the file; scripts may omit what is empty. */
function asBlock(value: unknown, id: string, fileName: string): Block {
  if (!isRecord(value) || !Array.isArray(value.nodes)) {
    throw new Error(`${fileName} is not a graph file: the block “${id}” has no list of nodes.`);
  }
  const record = (part: unknown) => (isRecord(part) ? part : {});
  const [inputs, outputs, params] = [value.inputs, value.outputs, value.params].map(record);
  const lists = [...Object.values(inputs ?? {}), ...Object.values(params ?? {})];
  const refs = [...lists.flat(), ...Object.values(outputs ?? {})];
  if (!lists.every(Array.isArray) || !refs.every(isRef)) {
    throw new Error(
      `${fileName} is not a graph file: the ports of the block “${id}” do not name their node and port.`,
    );
  }
  return {
    ...value,
    name: typeof value.name === "string" ? value.name : id,
    nodes: value.nodes.map((node, index) => completeNode(node, index, fileName)),
    edges: Array.isArray(value.edges) ? value.edges.map((edge, index) => asEdge(edge, index, fileName)) : [],
    inputs,
    outputs,
    params,
    groups: groupsIn(value.groups),
    notes: notesIn(value.notes),
  } as Block;
}

function isRef(value: unknown): boolean {
  return isRecord(value) && typeof value.node === "string" && typeof value.port === "string";
}

/** Scripts may omit name, params and position. */
function completeNode(value: unknown, index: number, fileName: string): GraphNode {
  if (!isRecord(value) || typeof value.id !== "string" || typeof value.type !== "string") {
    throw new Error(`${fileName} is not a graph file: node ${index + 1} has no id or no type.`);
  }
  if (value.params !== undefined && !isRecord(value.params)) {
    throw new Error(
      `${fileName} is not a graph file: the parameters of node ${index + 1} are not a list of names and values.`,
    );
  }
  return {
    ...value,
    name: typeof value.name === "string" ? value.name : "",
    disabled: value.disabled === true,
    version: typeof value.version === "number" ? value.version : 1,
    position: isPosition(value.position) ? value.position : null,
    params: value.params ?? {},
  } as GraphNode;
}

function isPosition(value: unknown): boolean {
  return isRecord(value) && Number.isFinite(value.x) && Number.isFinite(value.y);
}

const ENDS = ["source", "source_output", "target", "target_input"];

function asEdge(value: unknown, index: number, fileName: string): Edge {
  if (!isRecord(value) || ENDS.some((end) => typeof value[end] !== "string")) {
    throw new Error(
      `${fileName} is not a graph file: wire ${index + 1} does not name the output and input that it connects.`,
    );
  }
  return value as Edge;
}
