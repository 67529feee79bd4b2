/**
 * Comma lists of column names with globs, such as "x1, s_*", as the CSV node's parameters hold them.
 * A name with a comma is put in double quotes; a quote within it is doubled.
 */
import type { DatasetRecord } from "@/shared/api/types";

const PART = /\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g;

export function parseColumns(text: string): string[] {
  return [...text.matchAll(PART)]
    .map(([, quoted, plain = ""]) => (quoted === undefined ? plain : quoted.replaceAll('""', '"')).trim())
    .filter(Boolean);
}

export function formatColumns(parts: readonly string[]): string {
  return parts.map((part) => (/^"|,/.test(part) ? `"${part.replaceAll('"', '""')}"` : part)).join(", ");
}

export function isGlob(part: string): boolean {
  return /[*?[]/.test(part);
}

/** Adds a name at the end, or removes it. */
export function toggleColumn(text: string, name: string): string {
  const parts = parseColumns(text);
  return formatColumns(parts.includes(name) ? parts.filter((part) => part !== name) : [...parts, name]);
}

/** A part of such a list, and the columns that it matches. */
export interface ColumnMatch {
  part: string;
  names: string[];
}

/** What each part of a list matches among these columns; an existing name matches itself, whatever signs it has. */
export function matchColumns(text: string, columns: readonly string[]): ColumnMatch[] {
  return parseColumns(text).map((part) => {
    if (columns.includes(part)) return { part, names: [part] };
    const pattern = isGlob(part) ? globPattern(part) : null;
    return { part, names: pattern ? columns.filter((name) => pattern.test(name)) : [] };
  });
}

/** The glob as Python's fnmatch reads it: *, ?, [abc], [!abc]; null where it has no regular expression. */
function globPattern(glob: string): RegExp | null {
  const source = glob.replace(/\*|\?|\[(!?)(\]?[^\]]*)\]|[^*?]/gs, (part, not: string, set?: string) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (set === undefined) return part.replace(/[\\^$.|+(){}[\]/-]/g, "\\$&");
    return `[${not ? "^" : ""}${set.replace(/[\\\]^]/g, "\\$&")}]`;
  });
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    // Such as a range that runs backwards, "[9-0]": it matches nothing.
    return null;
  }
}

/** The dataset that a parameter names: the one of that id, or the newest of that name. */
export function findDataset(
  datasets: readonly DatasetRecord[],
  reference: unknown,
): DatasetRecord | undefined {
  return (
    datasets.find((dataset) => dataset.id === reference) ??
    datasets.find((dataset) => dataset.name === reference)
  );
}
