import { passThroughOf } from "@/features/canvas/model/passThrough";
import { CARD, hasPortRows, portTopOf, ROW } from "@/features/graph/model/card";
import { type Catalogue, shapeOf } from "@/features/graph/model/catalogue";
import { findNode } from "@/features/graph/model/document";
import type { Rect } from "@/features/graph/model/layout/frames";
import { rowsOf } from "@/features/graph/model/layout/rows";
import { routeBetweenRows } from "@/features/graph/model/layout/wireRouting";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import type { Graph, GraphNode, NodeInfo } from "@/shared/api/types";
import { useIsRow } from "../cards/useIsRow";

/** How far below its ports a line runs: under the text beside them. */
const BELOW = { title: 18, row: 10, line: 11 } as const;
const BEND = 16;

/** The path of the data through a disabled card: from the passed input to each output. */
export function PassLines({ node, info }: { node: GraphNode; info: NodeInfo }) {
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const isRow = useIsRow(node.id);
  const below = isRow ? BELOW.line : hasPortRows(info) ? BELOW.row : BELOW.title;
  const top = (side: "source" | "target", place: number): number => {
    const port = (side === "source" ? info.outputs : shapeOf(info).ports)[place]?.name ?? "";
    return portTopOf(info, isRow, { side, port });
  };
  return (
    <svg aria-hidden="true" className="card-pass">
      {passThroughOf(graph, types, node).map(({ input, output }) => (
        <path
          key={output}
          d={
            isRow && isBelow(graph, types, node)
              ? DOWN
              : through(top("target", input), top("source", output), below)
          }
        />
      ))}
    </svg>
  );
}

const DOWN = `M${CARD.width / 2} 0V${ROW.height}`;

/** Whether the wire into a row comes straight from the one above it. */
function isBelow(graph: Graph, types: Catalogue, node: GraphNode): boolean {
  const rows = rowsOf(graph, types);
  return graph.edges.some(({ source, target }) => {
    const above = target === node.id && rows.has(source) ? findNode(graph, source) : undefined;
    const route = above && routeBetweenRows(rowRect(above), rowRect(node));
    return route?.ends !== undefined && route.bow === undefined;
  });
}

const rowRect = ({ position }: GraphNode): Rect => ({
  x: position?.x ?? 0,
  y: position?.y ?? 0,
  width: CARD.width,
  height: ROW.height,
});

function through(from: number, to: number, below: number): string {
  const { width } = CARD;
  const [start, end] = [from + below, to + below];
  return [
    `M0 ${from}C${BEND / 2} ${from} ${BEND / 2} ${start} ${BEND} ${start}`,
    `C${width / 2} ${start} ${width / 2} ${end} ${width - BEND} ${end}`,
    `C${width - BEND / 2} ${end} ${width - BEND / 2} ${to} ${width} ${to}`,
  ].join("");
}
