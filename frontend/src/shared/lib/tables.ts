/** Tables as text for other programs: text of users in them is shown as it is. */

export type Cell = string | number | null | undefined;

/** Characters that end a line, or that no file format allows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]+/g;
/** Characters that reorder the text around them. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** A spreadsheet runs a text that starts like this as a formula. */
const FORMULA = /^(\s*[=+\-@＝＋－＠]|[\t\r\n])/;

/** Return rows as CSV: numbers stay numbers, and no text is a formula. */
export function csvOf(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(value: Cell): string {
  if (typeof value !== "string") return String(value ?? "");
  const text = `${FORMULA.test(value) ? "'" : ""}${value.replace(CONTROL, " ")}`;
  return /[",;]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Return text as a cell of a Markdown table: no markup, link, image or further cell. */
export function markdownCell(text: string): string {
  const line = text.replace(BIDI, "").replace(CONTROL, " ").replace(/\s+/g, " ").trim();
  return line.replace(/[\\`*_[\]<>|~$&#]/g, "\\$&").replace(/^(\d*)([-+.)])/, "$1\\$2");
}
