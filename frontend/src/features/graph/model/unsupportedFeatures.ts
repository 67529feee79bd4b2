/** Parts of a document that this server does not support. The document keeps them all; here they are listed. */

import { infoAt, infoOf, unknownReason } from "@/features/graph/model/blocks/blockInfo";
import type { Edge, Graph, GraphNode } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { type Catalogue, findOutput } from "./catalogue";
import { nodeLabel } from "./document";
import { findEnd, pathTo, scopeOf } from "./scope";

export interface UnsupportedFeature {
  text: string;
  /** The node that it is about, by its path id; null if there is none to show. */
  node: string | null;
}

export function unsupportedFeatures(graph: Graph, types: Catalogue): UnsupportedFeature[] {
  const inside = Object.entries(graph.blocks).flatMap(([id, block]) => {
    const path = pathTo(graph, id);
    if (path.length === 0) return [];
    return featuresInPart(scopeOf(graph, path), types).map(({ text, node }) => ({
      text: `In ${block.name}: ${text}`,
      node: node === null ? null : [...path, node].join("/"),
    }));
  });
  return [...featuresInPart(graph, types), ...inside];
}

function featuresInPart(scope: Graph, types: Catalogue): UnsupportedFeature[] {
  return [
    ...scope.nodes.flatMap((node) => featuresOfNode(scope, types, node)),
    ...scope.edges.flatMap((edge) => featureOfWire(scope, types, edge)),
  ];
}

function featuresOfNode(scope: Graph, types: Catalogue, node: GraphNode): UnsupportedFeature[] {
  const info = infoOf(scope, types, node);
  const label = nodeLabel(node);
  const feature = (text: string): UnsupportedFeature => ({ text, node: node.id });
  if (!info) return [feature(`${label}: ${unknownReason(scope, types, node)}`)];
  const own = ownValue(types, node.type)?.inputs ?? {};
  const unknown = Object.keys(node.params).filter(
    (name) => !Object.hasOwn(info.inputs, name) && !Object.hasOwn(own, name),
  );
  const newer = node.version > info.version;
  return [
    ...(newer
      ? [
          feature(
            `${label} was made by version ${node.version} of ${info.display_name}; here it is version ${info.version}.`,
          ),
        ]
      : []),
    ...(unknown.length > 0
      ? [feature(`${label}: ${info.display_name} has no parameter ${unknown.join(", ")} here.`)]
      : []),
  ];
}

function featureOfWire(scope: Graph, types: Catalogue, edge: Edge): UnsupportedFeature[] {
  const [source, target] = [findEnd(scope, edge.source), findEnd(scope, edge.target)];
  if (!source || !target) {
    const [from, to] = [source, target].map((node, index) =>
      node ? nodeLabel(node) : `${index === 0 ? edge.source : edge.target}, which does not exist`,
    );
    return [{ text: `A wire from ${from} to ${to}.`, node: (source ?? target)?.id ?? null }];
  }
  const [from, to] = [infoAt(scope, types, edge.source), infoAt(scope, types, edge.target)];
  if (from && !findOutput(from, edge.source_output))
    return [
      { text: `A wire from ${nodeLabel(source)}: it has no output ${edge.source_output}.`, node: source.id },
    ];
  if (to && !ownValue(to.inputs, edge.target_input)?.is_handle)
    return [
      { text: `A wire to ${nodeLabel(target)}: it has no input ${edge.target_input}.`, node: target.id },
    ];
  return [];
}
