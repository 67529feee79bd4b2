/** Comma lists of column names with globs, such as "x1, s_*", as the CSV node's parameters hold them. */

export function parseColumns(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

export function formatColumns(parts: readonly string[]): string {
  return parts.join(", ");
}

export function isGlob(part: string): boolean {
  return /[*?[]/.test(part);
}

/** Adds a name at the end, or takes it out. */
export function toggleColumn(text: string, name: string): string {
  const parts = parseColumns(text);
  return formatColumns(parts.includes(name) ? parts.filter((part) => part !== name) : [...parts, name]);
}
