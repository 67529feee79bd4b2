/** The layers of a graph in the order of the data flow, with their shapes and sizes. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import type { Catalogue } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { topologicalOrder } from "@/features/graph/model/topologicalOrder";
import type { Graph, GraphNode, NodeInfo, NodeReport, Report } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { type Cell, csvOf, markdownCell } from "@/shared/lib/tables";

export interface ModelRow {
  node: GraphNode;
  info: NodeInfo;
  /** Formatted output shape, such as "B, 64"; empty if unknown. */
  shape: string;
  parameters: number | null;
  flops: number | null;
  status: NodeReport["status"];
}

const LAYERS = new Set(["layer", "operation", "block"]);

export function modelRows(graph: Graph, types: Catalogue, report: Report | null): ModelRow[] {
  return topologicalOrder(graph).flatMap((node) => {
    const info = infoOf(graph, types, node);
    if (!info || !LAYERS.has(info.kind)) return [];
    const known = ownValue(report?.nodes, node.id);
    const shape = Object.values(known?.outputs ?? {})[0]?.text ?? "";
    const { parameters = null, flops = null, status = "ok" } = known ?? {};
    return [{ node, info, shape, parameters, flops, status }];
  });
}

export type RowOrder = "flow" | "name" | "type" | "shape" | "parameters";

/** Sort the rows by one of their columns; large numbers come first, names from A on. */
export function sortedRows(rows: readonly ModelRow[], order: RowOrder, reversed: boolean): ModelRow[] {
  const compare: Record<RowOrder, (a: ModelRow, b: ModelRow) => number> = {
    flow: () => 0,
    name: (a, b) => byText(nodeLabel(a.node), nodeLabel(b.node)),
    type: (a, b) => byText(a.info.display_name, b.info.display_name),
    shape: (a, b) => byText(a.shape, b.shape),
    parameters: (a, b) => (b.parameters ?? 0) - (a.parameters ?? 0),
  };
  const sorted = [...rows].sort(compare[order]);
  return reversed ? sorted.reverse() : sorted;
}

const byText = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

/** One row, or consecutive rows that repeat. */
export interface RowGroup {
  /** The rows of the first repeat. */
  rows: ModelRow[];
  /** All of them; more than `rows` if they repeat. */
  all: ModelRow[];
  times: number;
}

/** The longest repeating part that is detected. */
const LONGEST = 24;
/** The least number of rows that folding must save. */
const WORTH = 2;

/** Fold repeating rows, such as the layers of a stack of encoders: the largest saving first. */
export function foldRepeats(rows: readonly ModelRow[]): RowGroup[] {
  const keys = rows.map(keyOf);
  const groups: RowGroup[] = [];
  for (let place = 0; place < rows.length; ) {
    const { length, times } = repeatAt(keys, place);
    const all = rows.slice(place, place + length * times);
    groups.push({ rows: all.slice(0, length), all, times });
    place += all.length;
  }
  return groups;
}

/** Rows are equal if a reader would see no difference except the name. */
function keyOf({ node, info, shape, parameters, status }: ModelRow): string {
  return JSON.stringify([node.type, info.display_name, shape, parameters, status, node.params]);
}

function repeatAt(keys: readonly string[], place: number): { length: number; times: number } {
  let best = { length: 1, times: 1 };
  for (let length = 1; length <= Math.min(LONGEST, (keys.length - place) / 2); length++) {
    let end = place + length;
    while (end < keys.length && keys[end] === keys[end - length]) end++;
    const times = Math.floor((end - place) / length);
    const saved = length * (times - 1);
    if (saved >= WORTH && saved > best.length * (best.times - 1)) best = { length, times };
  }
  return best;
}

const HEAD = ["Layer", "Type", "Output shape", "Parameters", "FLOPs"];

const cellsOf = ({ node, info, shape, parameters, flops }: ModelRow): Cell[] => [
  nodeLabel(node),
  info.display_name,
  shape,
  parameters,
  flops,
];

/** Return the table of layers as CSV. */
export function rowsAsCsv(rows: readonly ModelRow[]): string {
  return csvOf([HEAD, ...rows.map(cellsOf)]);
}

/** Return the table of layers as Markdown. */
export function rowsAsMarkdown(rows: readonly ModelRow[]): string {
  const line = (cells: Cell[]): string =>
    `| ${cells.map((cell) => markdownCell(String(cell ?? ""))).join(" | ")} |`;
  return [line(HEAD), "| :-- | :-- | :-- | --: | --: |", ...rows.map((row) => line(cellsOf(row)))].join("\n");
}
