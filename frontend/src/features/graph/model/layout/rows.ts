/** The layers of a long model are drawn as one-line rows: sixty of them stay readable. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { cardHeight, ROW } from "@/features/graph/model/card";
import type { Catalogue } from "@/features/graph/model/catalogue";
import type { Graph, GraphNode, NodeInfo } from "@/shared/api/types";
import { frameOf } from "./frames";

/** A model is long from this number of layers, operations and blocks. */
const LONG = 13;
/** The gap that Tidy leaves between two cards. */
const CARD_GAP = 20;
const NO_ROWS: ReadonlySet<string> = new Set();

interface Known {
  types: Catalogue;
  rows: ReadonlySet<string>;
}

const known = new WeakMap<Graph, Known>();

/** Return the nodes of a graph that are drawn as rows; the same set for the same graph. */
export function rowsOf(graph: Graph, types: Catalogue): ReadonlySet<string> {
  const before = known.get(graph);
  if (before?.types === types) return before.rows;
  const layers = graph.nodes.filter((node) => isLayer(infoOf(graph, types, node)));
  const long = layers.length >= LONG || stoodInRows(graph, types, layers);
  const rows = long ? new Set(layers.map(({ id }) => id)) : NO_ROWS;
  known.set(graph, { types, rows });
  return rows;
}

/** Whether they were laid out as rows before some were deleted: as cards, most would overlap or almost touch. */
function stoodInRows(graph: Graph, types: Catalogue, layers: readonly GraphNode[]): boolean {
  if (layers.length < LONG / 2) return false;
  const inColumns = layers.toSorted(
    ({ position: a }, { position: b }) => (a?.x ?? 0) - (b?.x ?? 0) || (a?.y ?? 0) - (b?.y ?? 0),
  );
  const covered = inColumns.filter(({ position: at, ...node }, index) => {
    const next = inColumns[index + 1]?.position;
    if (!at || !next || next.x !== at.x || next.y - at.y < ROW.height) return false;
    return next.y - at.y < cardHeight(infoOf(graph, types, { ...node, position: at })) + CARD_GAP;
  });
  return covered.length * 2 > layers.length;
}

/** Whether a node is between the model's inputs and its assembly. */
const isLayer = (info: NodeInfo | undefined): boolean =>
  info !== undefined && frameOf(info) === "model" && info.kind !== "model";

/** Return the height of a drawn node. */
export function nodeHeight(graph: Graph, types: Catalogue, node: GraphNode): number {
  return rowsOf(graph, types).has(node.id) ? ROW.height : cardHeight(infoOf(graph, types, node));
}
