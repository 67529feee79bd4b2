/** The type of any node of a graph: its catalogue entry, or the type derived from its block. */

import { type Catalogue, findOutput, paramValue, shapeOf } from "@/features/graph/model/catalogue";
import { findNode } from "@/features/graph/model/document";
import { BLOCK, blockOf } from "@/features/graph/model/rewire";
import { findEnd, INPUTS, NEW_PORT, type OpenBlock, OUTPUTS, openBlock } from "@/features/graph/model/scope";
import type { Block, Graph, GraphNode, InputInfo, NodeInfo, OutputInfo, PortRef } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

/** Return the node type of a node, with this node's ports and parameters; undefined if it is unknown. */
export function infoOf(graph: Graph, catalogue: Catalogue, node: GraphNode): NodeInfo | undefined {
  if (node.type === INPUTS || node.type === OUTPUTS) return endInfo(graph, catalogue, node.type);
  const info = ownValue(catalogue, node.type);
  if (node.type === BLOCK) return info && blockInfo(graph, catalogue, blockOf(node) ?? "");
  return info && withOutputs(info, node);
}

/** Return the node type of the node with this id. */
export function infoAt(graph: Graph, catalogue: Catalogue, id: string): NodeInfo | undefined {
  const node = findEnd(graph, id);
  return node && infoOf(graph, catalogue, node);
}

/**
 * Return the nodes of this scope whose weights this one may share: layers with weights, or blocks of the same
 * kind.
 */
export function weightsToShare(graph: Graph, catalogue: Catalogue, node: GraphNode): GraphNode[] {
  const block = blockOf(node);
  return graph.nodes.filter((other) => {
    if (other === node || blockOf(other) !== block) return false;
    const info = ownValue(catalogue, other.type);
    return info !== undefined && shapeOf(info).params.some((param) => param.widget === "layer");
  });
}

const shortened = new WeakMap<NodeInfo, Map<number, NodeInfo>>();

/** Limit the outputs to the number given by a parameter of the node. */
function withOutputs(info: NodeInfo, node: GraphNode): NodeInfo {
  const spec = info.output_count ? ownValue(info.inputs, info.output_count) : undefined;
  if (!info.output_count || !spec) return info;
  const value = paramValue(node, { ...spec, name: info.output_count });
  const count =
    typeof value === "boolean"
      ? 1 + Number(value)
      : Array.isArray(value)
        ? value.length
        : spec.many
          ? null
          : value;
  if (typeof count !== "number" || count < 0 || count >= info.outputs.length) return info;
  const known = shortened.get(info) ?? new Map<number, NodeInfo>();
  shortened.set(info, known);
  const short = known.get(count) ?? { ...info, outputs: info.outputs.slice(0, count) };
  known.set(count, short);
  return short;
}

interface Known {
  catalogue: Catalogue;
  infos: Map<string, NodeInfo | undefined>;
}

const known = new WeakMap<Graph["blocks"], Known>();
/** By block id: an edit inside a block that keeps its ports and parameters returns the same object. */
const latest = new Map<string, { text: string; info: NodeInfo }>();

/** Return a block as a node type; undefined if the graph has no such block, or the block contains itself. */
export function blockInfo(graph: Graph, catalogue: Catalogue, id: string): NodeInfo | undefined {
  let all = known.get(graph.blocks);
  if (all?.catalogue !== catalogue) {
    all = { catalogue, infos: new Map() };
    known.set(graph.blocks, all);
  }
  if (!all.infos.has(id)) {
    // While its inner blocks are resolved: a block that contains itself has no ports.
    all.infos.set(id, undefined);
    all.infos.set(id, lasting(id, madeOf(graph, catalogue, id)));
  }
  return all.infos.get(id);
}

function lasting(id: string, info: NodeInfo | undefined): NodeInfo | undefined {
  if (!info) return undefined;
  const text = JSON.stringify(info);
  const before = latest.get(id);
  if (before?.text === text) return before.info;
  latest.set(id, { text, info });
  return info;
}

function madeOf(graph: Graph, catalogue: Catalogue, id: string): NodeInfo | undefined {
  const block = ownValue(graph.blocks, id);
  const base = catalogue[BLOCK];
  if (!block || !base) return undefined;
  const own = Object.entries(base.inputs).filter(([name, input]) => name !== "block" && !input.is_handle);
  const exposed = Object.entries(block.params).flatMap(([name, refs]) => {
    const spec = exposedParam(graph, catalogue, block, refs, name);
    return spec ? [[name, spec] as const] : [];
  });
  const ports = Object.entries(block.inputs).map(
    ([name, refs]) => [name, inputPort(graph, catalogue, block, refs)] as const,
  );
  return {
    ...base,
    display_name: block.name || id,
    description: description(base, block),
    inputs: Object.fromEntries([...ports, ...exposed, ...own]),
    outputs: Object.entries(block.outputs).map(([name, ref]) =>
      outputPort(graph, catalogue, block, ref, name),
    ),
    primary: [...primaryOf(graph, catalogue, block), ...base.primary.filter((name) => name !== "block")],
  };
}

function description(base: NodeInfo, { nodes }: Block): string {
  const names = nodes.map((node) => node.name || node.id);
  const some = names.slice(0, 6).join(", ");
  if (names.length === 0) return base.description;
  return `A block of ${names.length === 1 ? "one node" : `${names.length} nodes`}: ${some}${names.length > 6 ? ", …" : ""}.`;
}

function innerInfo(graph: Graph, catalogue: Catalogue, block: Block, id: string): NodeInfo | undefined {
  const node = findNode(block, id);
  return node && infoOf(graph, catalogue, node);
}

const PORT: InputInfo = {
  dtype: "LAYER",
  is_handle: true,
  required: false,
  multiple: false,
  default: null,
  nullable: false,
  min: null,
  max: null,
  step: null,
  choices: null,
  widget: null,
  label: "",
  unit: "",
  length: null,
  many: false,
  single: false,
  words: [],
  also: null,
  description: "",
  empty: "",
};

/** Return a port of a block, with the type of the first inner port that it feeds. It takes one wire. */
function inputPort(graph: Graph, catalogue: Catalogue, block: Block, refs: readonly PortRef[]): InputInfo {
  const inner = refs.flatMap(
    (ref) => ownValue(innerInfo(graph, catalogue, block, ref.node)?.inputs, ref.port) ?? [],
  );
  const [first] = inner;
  if (!first) return PORT;
  const { dtype, also, description: text } = first;
  return { ...PORT, dtype, also, description: text, required: inner.some((port) => port.required) };
}

function outputPort(
  graph: Graph,
  catalogue: Catalogue,
  block: Block,
  ref: PortRef,
  name: string,
): OutputInfo {
  const inner = findOutput(innerInfo(graph, catalogue, block, ref.node), ref.port);
  return {
    name,
    dtype: inner?.dtype ?? "LAYER",
    description: inner?.description ?? "Nothing inside feeds it.",
  };
}

/** Return the inner parameter under its name on the block; its default is the value inside. */
function exposedParam(
  graph: Graph,
  catalogue: Catalogue,
  block: Block,
  [ref]: readonly PortRef[],
  name: string,
): InputInfo | undefined {
  const node = ref && findNode(block, ref.node);
  const spec = node && ownValue(infoOf(graph, catalogue, node)?.inputs, ref.port);
  if (!spec || spec.is_handle) return undefined;
  const label = name === ref.port ? spec.label : "";
  return { ...spec, label, default: paramValue(node, { ...spec, name: ref.port }) };
}

function primaryOf(graph: Graph, catalogue: Catalogue, block: Block): string[] {
  return Object.entries(block.params).flatMap(([name, [ref]]) => {
    const inner = ref && innerInfo(graph, catalogue, block, ref.node);
    return inner?.primary.includes(ref?.port ?? "") ? [name] : [];
  });
}

const ends = new WeakMap<Graph, { catalogue: Catalogue; infos: Map<string, NodeInfo | undefined> }>();

function endInfo(graph: Graph, catalogue: Catalogue, side: string): NodeInfo | undefined {
  let all = ends.get(graph);
  if (all?.catalogue !== catalogue) {
    all = { catalogue, infos: new Map() };
    ends.set(graph, all);
  }
  const info = all.infos.get(side) ?? endOf(graph, catalogue, side);
  all.infos.set(side, info);
  return info;
}

/** Return the block's own ports as seen from inside: its inputs are sources of wires, its outputs are targets. */
function endOf(graph: Graph, catalogue: Catalogue, side: string): NodeInfo | undefined {
  const open = openBlock(graph);
  if (!open) return undefined;
  const isInputs = side === INPUTS;
  return {
    type: side,
    display_name: isInputs ? "Inputs" : "Outputs",
    category: "Blocks",
    description: "",
    kind: "block",
    version: 1,
    inputs: isInputs ? {} : endInputs(graph, catalogue, open),
    outputs: isInputs ? endOutputs(graph, catalogue, open) : [],
    can_disable: false,
    disable_reason: "",
    output_count: null,
    primary: [],
    in_rules: false,
    formula: "",
    shape_rule: "",
    url: "",
    source: "built-in",
  };
}

function endOutputs(graph: Graph, catalogue: Catalogue, { inputs }: OpenBlock): OutputInfo[] {
  const dtype = (name: string): string => {
    const edge = graph.edges.find((one) => one.source === INPUTS && one.source_output === name);
    const node = edge && findNode(graph, edge.target);
    return (node && ownValue(infoOf(graph, catalogue, node)?.inputs, edge.target_input)?.dtype) ?? "LAYER";
  };
  return [
    ...inputs.map((name) => ({ name, dtype: dtype(name), description: "An input of the block" })),
    { name: NEW_PORT, dtype: "ANY", description: "Draw a wire here for another input of the block" },
  ];
}

function endInputs(graph: Graph, catalogue: Catalogue, { outputs }: OpenBlock): NodeInfo["inputs"] {
  const dtype = (name: string): string => {
    const edge = graph.edges.find((one) => one.target === OUTPUTS && one.target_input === name);
    const node = edge && findNode(graph, edge.source);
    return findOutput(node && infoOf(graph, catalogue, node), edge?.source_output ?? "")?.dtype ?? "LAYER";
  };
  // An output of a block has the type of its wire.
  const port = (name: string, text: string): [string, InputInfo] => [
    name,
    { ...PORT, dtype: name === NEW_PORT ? "ANY" : dtype(name), also: "ANY", description: text },
  ];
  return Object.fromEntries([
    ...outputs.map((name) => port(name, "An output of the block")),
    port(NEW_PORT, "Draw a wire here for another output of the block"),
  ]);
}

/** Return the inputs and outputs of an unknown node, derived from its wires. */
export function portsInUse(graph: Graph, id: string): { inputs: string[]; outputs: string[] } {
  const unique = (names: string[]): string[] => [...new Set(names)];
  return {
    inputs: unique(graph.edges.filter((edge) => edge.target === id).map((edge) => edge.target_input)),
    outputs: unique(graph.edges.filter((edge) => edge.source === id).map((edge) => edge.source_output)),
  };
}

/** Return why a node is unknown, as a sentence. */
export function unknownReason(graph: Graph, catalogue: Catalogue, node: GraphNode): string {
  const id = blockOf(node);
  if (id === undefined || !catalogue[BLOCK]) return `This server has no node type “${node.type}”.`;
  if (Object.hasOwn(graph.blocks, id))
    return `The block “${ownValue(graph.blocks, id)?.name}” contains itself.`;
  return id ? `The graph has no block “${id}”.` : "The node does not name its block.";
}
