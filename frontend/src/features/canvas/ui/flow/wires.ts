/** The wires that React Flow draws. */
import { edgeId } from "@/features/graph/model/document";
import type { FrameKind, Rect } from "@/features/graph/model/layout/frames";
import { rowsOf } from "@/features/graph/model/layout/rows";
import { routeBetween, routeBetweenRows, type WireRoute } from "@/features/graph/model/layout/wireRouting";
import type { Edge } from "@/shared/api/types";
import {
  type FoldedPort,
  type FrameRects,
  foldedHandle,
  frameOfNode,
  type Keep,
  type StandIns,
  type View,
  type WireEdge,
} from "./view";

/** Return the wires. A wire into a folded frame ends at the frame. */
export function wireEdges(
  view: View,
  rects: ReadonlyMap<string, Rect>,
  frames: FrameRects,
  standing: StandIns,
  keep: Keep<WireEdge>,
): WireEdge[] {
  const { graph, edges, nodes } = view;
  const kinds: Kinds = new Map(graph.nodes.map((node) => [node.id, frameOfNode(view, node)]));
  const rows = rowsOf(graph, view.types);
  const outputs = new Set<string>();
  return graph.edges.map((edge) => {
    const id = edgeId(edge);
    const [from, to] = [standing.get(edge.source), standing.get(edge.target)];
    const selected = edges.has(id);
    // Tab moves through the nodes, and from a selected node to its wires.
    const focusable = selected || nodes.has(edge.source) || nodes.has(edge.target);
    const route = routeOf(edge, kinds, rows, rects, frames);
    const output = `${edge.source}/${edge.source_output}`;
    // A row shows its output shape.
    const first = !outputs.has(output) && !rows.has(edge.source);
    outputs.add(output);
    const start: FoldedPort = { node: edge.source, port: edge.source_output, side: "source" };
    const end: FoldedPort = { node: edge.target, port: edge.target_input, side: "target" };
    return keep(id, [edge, from, to, selected, focusable, ...routeKey(route), first], () => ({
      id,
      type: "wire",
      source: from ?? edge.source,
      sourceHandle: from ? foldedHandle(start) : edge.source_output,
      target: to ?? edge.target,
      targetHandle: to ? foldedHandle(end) : edge.target_input,
      hidden: from !== undefined && from === to,
      selected,
      focusable,
      reconnectable: !from && !to,
      data: { edge, route, first },
    }));
  });
}

const routeKey = (route: WireRoute | null): unknown[] => [
  route?.x,
  route?.y,
  route?.bow,
  ...(route?.ends ?? []).flatMap(({ x, y }) => [x, y]),
];

function routeOf(
  edge: Edge,
  kinds: Kinds,
  rows: ReadonlySet<string>,
  rects: ReadonlyMap<string, Rect>,
  frames: FrameRects,
): WireRoute | null {
  const [source, target] = [rects.get(edge.source), rects.get(edge.target)];
  const [from, to] = [edge.source, edge.target].map((id) => frames.get(kinds.get(id) ?? "training"));
  if (!source || !target) return null;
  const between = rows.has(edge.source) && rows.has(edge.target) ? routeBetweenRows(source, target) : null;
  return between ?? routeBetween(source, target, from, to);
}

type Kinds = ReadonlyMap<string, FrameKind | null>;
