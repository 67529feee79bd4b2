/** What of a document this server cannot show or use. The document keeps it all; here it is only named. */

import { infoAt, infoOf, unknownReason } from "@/features/graph/model/blocks/blockInfo";
import type { Edge, Graph, GraphNode } from "@/shared/api/types";
import { type Catalogue, findOutput } from "./catalogue";
import { nodeLabel } from "./document";
import { findEnd, pathTo, scopeOf } from "./scope";

export interface Gap {
  text: string;
  /** The node that it is about, by its path id; null where there is none to show. */
  node: string | null;
}

export function gapsOf(graph: Graph, types: Catalogue): Gap[] {
  const inside = Object.entries(graph.blocks).flatMap(([id, block]) => {
    const path = pathTo(graph, id);
    if (path.length === 0) return [];
    return partGaps(scopeOf(graph, path), types).map(({ text, node }) => ({
      text: `In ${block.name}: ${text}`,
      node: node === null ? null : [...path, node].join("/"),
    }));
  });
  return [...partGaps(graph, types), ...inside];
}

function partGaps(scope: Graph, types: Catalogue): Gap[] {
  return [
    ...scope.nodes.flatMap((node) => nodeGaps(scope, types, node)),
    ...scope.edges.flatMap((edge) => wireGap(scope, types, edge)),
  ];
}

function nodeGaps(scope: Graph, types: Catalogue, node: GraphNode): Gap[] {
  const info = infoOf(scope, types, node);
  const label = nodeLabel(node);
  const gap = (text: string): Gap => ({ text, node: node.id });
  if (!info) return [gap(`${label}: ${unknownReason(scope, types, node)}`)];
  const own = types[node.type]?.inputs ?? {};
  const unknown = Object.keys(node.params).filter((name) => !(name in info.inputs) && !(name in own));
  const newer = node.version > info.version;
  return [
    ...(newer
      ? [
          gap(
            `${label} was made by version ${node.version} of ${info.display_name}; here it is version ${info.version}.`,
          ),
        ]
      : []),
    ...(unknown.length > 0
      ? [gap(`${label}: ${info.display_name} has no parameter ${unknown.join(", ")} here.`)]
      : []),
  ];
}

function wireGap(scope: Graph, types: Catalogue, edge: Edge): Gap[] {
  const [source, target] = [findEnd(scope, edge.source), findEnd(scope, edge.target)];
  if (!source || !target) {
    const [from, to] = [source, target].map((node, index) =>
      node ? nodeLabel(node) : `${index === 0 ? edge.source : edge.target}, which is not there`,
    );
    return [{ text: `A wire from ${from} to ${to}.`, node: (source ?? target)?.id ?? null }];
  }
  const [from, to] = [infoAt(scope, types, edge.source), infoAt(scope, types, edge.target)];
  if (from && !findOutput(from, edge.source_output))
    return [
      { text: `A wire from ${nodeLabel(source)}: it has no output ${edge.source_output}.`, node: source.id },
    ];
  if (to && !to.inputs[edge.target_input]?.is_handle)
    return [
      { text: `A wire to ${nodeLabel(target)}: it has no input ${edge.target_input}.`, node: target.id },
    ];
  return [];
}
