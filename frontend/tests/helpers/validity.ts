/** What must hold of a document whatever was done to it; each breach as a sentence. */

import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { blocksUsed } from "@/features/graph/model/blocks/blockMerge";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { findOutput } from "@/features/graph/model/catalogue";
import { whyNotConnect } from "@/features/graph/model/connections/connection";
import { edgeId, remove } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { findEnd, scopeOf } from "@/features/graph/model/scope";
import type { Block, Edge, Graph } from "@/shared/api/types";

export function breaches(document: Graph, types: Catalogue): string[] {
  const inside = Object.entries(document.blocks).flatMap(([id, block]) => [
    ...scopeBreaches(insideOf(document, id), types).map((text) => `in ${id}: ${text}`),
    ...blockBreaches(document, id, block),
  ]);
  return [...scopeBreaches(document, types), ...inside];
}

/** The inside of a block, whether a node of the graph leads there or not. */
function insideOf(document: Graph, id: string): Graph {
  const probe = {
    id: "probe",
    type: "Block",
    name: "",
    disabled: false,
    version: 1,
    position: null,
    params: { block: id },
  };
  return scopeOf({ ...document, nodes: [probe] }, ["probe"]);
}

function scopeBreaches(graph: Graph, types: Catalogue): string[] {
  const ids = graph.nodes.map((node) => node.id);
  const wires = graph.edges.map(edgeId);
  const lost = graph.nodes.filter((node) => {
    const block = blockOf(node);
    return block !== undefined && !(block in graph.blocks);
  });
  return [
    ...(new Set(ids).size < ids.length ? ["two nodes have one id"] : []),
    ...(new Set(wires).size < wires.length ? ["a wire is there twice"] : []),
    ...graph.edges.flatMap((edge) => wireBreaches(graph, types, edge)),
    ...lost.map((node) => `${node.id} stands for no block`),
    ...groupBreaches(graph),
  ];
}

function groupBreaches({ groups, nodes }: Graph): string[] {
  const there = new Set(nodes.map((node) => node.id));
  const members = groups.flatMap((group) => group.nodes);
  return [
    ...(new Set(groups.map(({ id }) => id)).size < groups.length ? ["two groups have one id"] : []),
    ...(new Set(members).size < members.length ? ["a node is in two groups"] : []),
    ...groups.filter((group) => group.nodes.length === 0).map(({ id }) => `${id} is empty`),
    ...members.filter((id) => !there.has(id)).map((id) => `a group has ${id}, which is gone`),
  ];
}

function wireBreaches(graph: Graph, types: Catalogue, edge: Edge): string[] {
  const id = edgeId(edge);
  if (!findEnd(graph, edge.source) || !findEnd(graph, edge.target)) return [`${id} hangs loose`];
  const [from, to] = [infoAt(graph, types, edge.source), infoAt(graph, types, edge.target)];
  if (!from || !to) return [];
  if (!findOutput(from, edge.source_output)) return [`${id} has no output`];
  const port = to.inputs[edge.target_input];
  if (!port?.is_handle) return [`${id} has no input`];
  const beside = graph.edges.filter(
    (one) => one.target === edge.target && one.target_input === edge.target_input,
  );
  if (!port.multiple && beside.length > 1) return [`${edge.target}/${edge.target_input} has two wires`];
  const reason = whyNotConnect(remove(graph, new Set(), new Set([id])), types, edge);
  return reason && /cycle/.test(reason) ? [reason] : [];
}

function blockBreaches({ blocks }: Graph, id: string, block: Block): string[] {
  const ids = new Set(block.nodes.map((node) => node.id));
  const refs = [...Object.values(block.inputs), ...Object.values(block.params)].flat();
  const ends = [...refs, ...Object.values(block.outputs).filter(({ node }) => node !== "")];
  const loose = ends.filter(({ node }) => !ids.has(node));
  return [
    ...loose.map(({ node, port }) => `${id} names ${node}.${port}, which is gone`),
    ...(blocksUsed(blocks, block.nodes).has(id) ? [`${id} contains itself`] : []),
  ];
}
