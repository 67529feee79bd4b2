/** How a dropped file is treated, by its name and, during the drag, by its type alone. */

import { formatBytes, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";

export type FileKind = "graph" | "table" | "image" | "other";

const ENDINGS: readonly [RegExp, FileKind][] = [
  [/\.json$/i, "graph"],
  [/\.(csv|tsv|txt)$/i, "table"],
  [/\.(png|svg)$/i, "image"],
];

export function kindOfName(name: string): FileKind {
  return ENDINGS.find(([ending]) => ending.test(name))?.[1] ?? "other";
}

const TYPES: Record<string, FileKind> = {
  "application/json": "graph",
  "text/csv": "table",
  "text/tab-separated-values": "table",
  "text/plain": "table",
  "application/vnd.ms-excel": "table",
  "image/png": "image",
  "image/svg+xml": "image",
};

/**
 * Return what a drop will do, by the files' types, one sentence each; empty if the browser does not reveal
 * them.
 */
export function dropSentences(types: readonly string[]): string[] {
  const count = (kind: FileKind): number =>
    types.filter((type) => (ownValue(TYPES, type) ?? "other") === kind).length;
  const [graphs, tables, images, others] = [count("graph"), count("table"), count("image"), count("other")];
  return [
    graphs > 0 && `Open ${plural(graphs, "graph file")} as ${graphs === 1 ? "a new graph" : "new graphs"}`,
    images > 0 && `Open the ${images === 1 ? "graph in the image" : `graphs in ${images} images`}`,
    tables > 0 && `Upload ${plural(tables, "table")} as ${tables === 1 ? "a dataset" : "datasets"}`,
    others > 0 && `${plural(others, "file")} of another kind`,
  ].filter((sentence) => sentence !== false);
}

const MEGA = 2 ** 20;
const LARGEST: Record<"graph" | "image", number> = { graph: 20 * MEGA, image: 100 * MEGA };

/** Return why a file is too large to read; null if it is not. */
export function tooLarge(
  { name, size }: Pick<File, "name" | "size">,
  kind: "graph" | "image",
): string | null {
  if (size <= LARGEST[kind]) return null;
  return `${name} has ${formatBytes(size)}; ${kind === "graph" ? "a graph file" : "an image with a graph"} has at most ${formatBytes(LARGEST[kind])}.`;
}

export function notOurs(name: string): string {
  return `${name} is neither a graph (.json, or a .png or .svg that VisDL made) nor a table (.csv, .tsv, .txt).`;
}
