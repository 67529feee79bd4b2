/** Edits of a block's own ports and exposed parameters. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import { takesMany } from "@/features/graph/model/connections/connection";
import { connect, reconnect } from "@/features/graph/model/document";
import { freeId, freeName, freeTitle } from "@/features/graph/model/names";
import { blockOf, OWN_PARAMS, renaming, rewire } from "@/features/graph/model/rewire";
import {
  INPUTS,
  NEW_PORT,
  type OpenBlock,
  OUTPUTS,
  openBlock,
  withOpenBlock,
} from "@/features/graph/model/scope";
import type { Block, Edge, Graph, GraphNode, Json } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

const namesOn = ({ inputs, outputs, params }: OpenBlock, side: Side): Set<string> =>
  new Set(
    side === "outputs"
      ? [...outputs, NEW_PORT]
      : [...inputs, ...Object.keys(params), ...OWN_PARAMS, NEW_PORT],
  );

export type Side = "inputs" | "outputs";

/** Add a wire; a wire to the "new port" row creates that port, named after the inner one. */
export function connectWire(graph: Graph, catalogue: Catalogue, edge: Edge): Graph {
  const made = withPort(graph, edge);
  return connect(made.graph, made.edge, takesMany(made.graph, catalogue, made.edge));
}

/** Replace a wire, creating a port in the same way. */
export function reconnectWire(graph: Graph, catalogue: Catalogue, oldId: string, edge: Edge): Graph {
  const made = withPort(graph, edge);
  return reconnect(made.graph, oldId, made.edge, takesMany(made.graph, catalogue, made.edge));
}

function withPort(graph: Graph, edge: Edge): { graph: Graph; edge: Edge } {
  const open = openBlock(graph);
  if (open && edge.source === INPUTS && edge.source_output === NEW_PORT) {
    const { target, target_input } = edge;
    const name = freeName(namesOn(open, "inputs"), target_input, target, `${target}_${target_input}`);
    const next = withOpenBlock(graph, { inputs: [...open.inputs, name] });
    return { graph: next, edge: { ...edge, source_output: name } };
  }
  if (open && edge.target === OUTPUTS && edge.target_input === NEW_PORT) {
    const { source, source_output } = edge;
    const name = freeName(namesOn(open, "outputs"), source_output, source, `${source}_${source_output}`);
    const next = withOpenBlock(graph, { outputs: [...open.outputs, name] });
    return { graph: next, edge: { ...edge, target_input: name } };
  }
  return { graph, edge };
}

/** Return why a port of a block cannot have this name, as a sentence; null if it can. */
export function whyNotName(block: Block, kind: Side | "params", from: string, to: string): string | null {
  const name = to.trim();
  if (!name || name === NEW_PORT) return "A port needs a name.";
  if (name === from) return null;
  const taken =
    kind === "outputs"
      ? Object.keys(block.outputs)
      : [...Object.keys(block.inputs), ...Object.keys(block.params), ...OWN_PARAMS];
  return taken.includes(name) ? `The block has a port or parameter “${name}” already.` : null;
}

/** Rename a port or an exposed parameter of a block wherever it is used. */
export function renameOnBlock(
  document: Graph,
  id: string,
  kind: Side | "params",
  from: string,
  to: string,
): Graph {
  return from === to ? document : rewire(document, id, { [kind]: renaming(from, to) });
}

/** Remove a port or an exposed parameter from a block, with its wires or values outside. */
export function removeFromBlock(document: Graph, id: string, kind: Side | "params", name: string): Graph {
  return rewire(document, id, { [kind]: renaming(name, null) });
}

/** Return the name under which the open block exposes a parameter of an inner node. */
export function exposedAs(graph: Graph, node: string, param: string): string | undefined {
  const exposed = Object.entries(openBlock(graph)?.params ?? {});
  return exposed.find(([, refs]) => refs.some((ref) => ref.node === node && ref.port === param))?.[0];
}

/** Expose a parameter of an inner node on the open block, under its own name if that is free. */
export function expose(graph: Graph, node: GraphNode, param: string): Graph {
  const open = openBlock(graph);
  if (!open || exposedAs(graph, node.id, param) !== undefined) return graph;
  const name = freeName(namesOn(open, "inputs"), param, `${node.id}_${param}`);
  return withOpenBlock(graph, {
    params: { ...open.params, [name]: [{ node: node.id, port: param, index: null }] },
  });
}

/** Give a Block node a copy of its definition, so that edits of it change no other node. */
export function makeIndependent(graph: Graph, id: string): Graph {
  const node = graph.nodes.find((one) => one.id === id);
  const block = node && ownValue(graph.blocks, blockOf(node) ?? "");
  if (!node || !block) return graph;
  const copy = freeId(new Set(Object.keys(graph.blocks)), blockOf(node) ?? "");
  const names = new Set(Object.values(graph.blocks).map((one) => one.name));
  const params: Record<string, Json> = { ...node.params, block: copy };
  return {
    ...graph,
    nodes: graph.nodes.map((one) => (one === node ? { ...node, params } : one)),
    blocks: { ...graph.blocks, [copy]: { ...block, name: freeTitle(names, block.name) } },
  };
}
