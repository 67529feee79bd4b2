import { ViewportPortal } from "@xyflow/react";
import { useMemo } from "react";
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { CARD, portTopOf, ROW } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { type PortRef, portType } from "@/features/graph/model/connections/connection";
import { findNode } from "@/features/graph/model/document";
import type { Rect } from "@/features/graph/model/layout/frames";
import { rowsOf } from "@/features/graph/model/layout/rows";
import { routeBetweenRows, routePath } from "@/features/graph/model/layout/wireRouting";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import type { Graph, NodeInfo, Position } from "@/shared/api/types";
import { wireColor } from "@/shared/lib/wires";
import type { CanvasNode } from "../flow/view";

/** The wires of a large graph in overview: one path per colour, because a thousand paths draw slowly. */
export function OverviewWires({ nodes }: { nodes: readonly CanvasNode[] }) {
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const paths = useMemo(() => wirePaths(graph, types, nodes), [graph, types, nodes]);
  return (
    <ViewportPortal>
      <svg aria-hidden="true" className="overview-wires">
        {[...paths].map(([color, path]) => (
          <path key={color} d={path} stroke={color} />
        ))}
      </svg>
    </ViewportPortal>
  );
}

function wirePaths(graph: Graph, types: Catalogue, nodes: readonly CanvasNode[]): Map<string, string> {
  const places = new Map(nodes.filter((node) => !node.hidden).map((node) => [node.id, node.position]));
  const rows = rowsOf(graph, types);
  const pieces = new Map<string, string[]>();
  for (const edge of graph.edges) {
    const [from, to] = [places.get(edge.source), places.get(edge.target)];
    if (!from || !to) continue;
    const [source, target] = [infoAt(graph, types, edge.source), infoAt(graph, types, edge.target)];
    const off = findNode(graph, edge.source)?.disabled || findNode(graph, edge.target)?.disabled;
    const ref = { node: edge.source, port: edge.source_output, side: "source" } as const;
    const color = off ? "var(--line-strong)" : wireColor(portType(graph, types, ref) ?? "ANY");
    const between =
      rows.has(edge.source) && rows.has(edge.target) ? routeBetweenRows(rowAt(from), rowAt(to)) : null;
    const top = (info: NodeInfo | undefined, ref: PortRef): number =>
      portTopOf(info, rows.has(ref.node), ref);
    const start = { x: from.x + CARD.width, y: from.y + top(source, ref) };
    const end = {
      x: to.x,
      y: to.y + top(target, { node: edge.target, port: edge.target_input, side: "target" }),
    };
    const list = pieces.get(color) ?? [];
    list.push(between?.ends ? routePath(between.ends, between.bow) : curve(start, end));
    pieces.set(color, list);
  }
  return new Map([...pieces].map(([color, list]) => [color, list.join("")]));
}

const rowAt = ({ x, y }: Position): Rect => ({ x, y, width: CARD.width, height: ROW.height });

function curve(a: Position, b: Position): string {
  const reach = Math.max(40, Math.abs(b.x - a.x) * 0.3);
  return `M${a.x} ${a.y}C${a.x + reach} ${a.y} ${b.x - reach} ${b.y} ${b.x} ${b.y}`;
}
