/**
 * Comma lists of column names with globs, such as "x1, s_*", as the CSV node's parameters hold them.
 * A name with a comma in it stands in double quotes, a quote within these is doubled.
 */

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

/** Adds a name at the end, or takes it out. */
export function toggleColumn(text: string, name: string): string {
  const parts = parseColumns(text);
  return formatColumns(parts.includes(name) ? parts.filter((part) => part !== name) : [...parts, name]);
}
