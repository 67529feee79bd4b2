/** All wires that a node could get, to choose from a list instead of drawing. */

import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import {
  fittingPorts,
  type PortRef,
  portKey,
  wireBetween,
} from "@/features/graph/model/connections/connection";
import { nodeLabel } from "@/features/graph/model/document";
import { findEnd, INPUTS, NEW_PORT, OUTPUTS } from "@/features/graph/model/scope";
import type { Edge, Graph } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

export interface PossibleWire {
  edge: Edge;
  /** The display name of the node's port. */
  from: string;
  /** The other end. */
  to: string;
  /** Whether the input already has a wire, which would be replaced. */
  replaces: boolean;
}

/** Return the possible wires from the node's outputs, then into its inputs, without existing ones. */
export function possibleWires(graph: Graph, types: Catalogue, node: string): PossibleWire[] {
  const info = infoAt(graph, types, node);
  if (!info) return [];
  const ends: PortRef[] = [
    ...info.outputs.map(({ name }) => ({ node, port: name, side: "source" as const })),
    ...shapeOf(info).ports.map(({ name }) => ({ node, port: name, side: "target" as const })),
  ];
  return ends.flatMap((end) => wiresAtPort(graph, types, end));
}

function wiresAtPort(graph: Graph, types: Catalogue, end: PortRef): PossibleWire[] {
  const fits = fittingPorts(graph, types, end);
  return othersOf(graph, types, end).flatMap((other) => {
    const edge = fits.has(portKey(other)) ? wireBetween(end, other) : null;
    if (!edge || graph.edges.some((one) => same(one, edge))) return [];
    const multiple =
      ownValue(infoAt(graph, types, edge.target)?.inputs, edge.target_input)?.multiple ?? false;
    const taken = graph.edges.some(
      (one) => one.target === edge.target && one.target_input === edge.target_input,
    );
    return {
      edge,
      from: portName(end),
      to: `${labelOf(graph, other.node)} · ${portName(other)}`,
      replaces: taken && !multiple,
    };
  });
}

/** Return the ports of the opposite side, of all other nodes and of the open block itself. */
function othersOf(graph: Graph, types: Catalogue, end: PortRef): PortRef[] {
  const side = end.side === "source" ? "target" : "source";
  return [...graph.nodes.map(({ id }) => id), INPUTS, OUTPUTS].flatMap((node) => {
    const info = node === end.node ? undefined : infoAt(graph, types, node);
    if (!info) return [];
    const names =
      side === "source" ? info.outputs.map(({ name }) => name) : shapeOf(info).ports.map(({ name }) => name);
    return names.map((port) => ({ node, port, side }));
  });
}

const same = (a: Edge, b: Edge): boolean =>
  a.source === b.source &&
  a.source_output === b.source_output &&
  a.target === b.target &&
  a.target_input === b.target_input;

const portName = ({ port }: PortRef): string => (port === NEW_PORT ? "new port" : port.replaceAll("_", " "));

function labelOf(graph: Graph, id: string): string {
  const node = findEnd(graph, id);
  return node ? nodeLabel(node) : id;
}
