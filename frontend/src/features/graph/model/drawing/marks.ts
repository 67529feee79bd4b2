/** A picture as a tree of SVG elements, for the page or as text for a file. Colours are the page's tokens. */

export interface Mark {
  tag: "g" | "rect" | "path" | "circle" | "text" | "title";
  /** In React's spelling: strokeWidth, not stroke-width. */
  attrs: Readonly<Record<string, string | number>>;
  text?: string;
  marks?: readonly Mark[];
}

type Attrs = Mark["attrs"];

export const rect = (x: number, y: number, width: number, height: number, attrs: Attrs): Mark => ({
  tag: "rect",
  attrs: { x, y, width, height, ...attrs },
});

export const path = (d: string, attrs: Attrs): Mark => ({ tag: "path", attrs: { d, ...attrs } });

export const circle = (cx: number, cy: number, r: number, attrs: Attrs): Mark => ({
  tag: "circle",
  attrs: { cx, cy, r, ...attrs },
});

export const group = (attrs: Attrs, marks: readonly Mark[]): Mark => ({ tag: "g", attrs, marks });

export const SANS = "'Inter Variable', Inter, ui-sans-serif, system-ui, sans-serif";

interface TextStyle {
  size: number;
  fill: string;
  weight?: number;
  anchor?: "start" | "middle" | "end";
}

/** Draw a line of text; `y` is its baseline. */
export function label(x: number, y: number, text: string, style: TextStyle): Mark {
  const { size, fill, weight = 400, anchor = "start" } = style;
  const attrs = { x, y, fill, fontSize: size, fontWeight: weight, textAnchor: anchor };
  return { tag: "text", attrs, text };
}

/** Return the width as a fraction of the font size, precise enough to truncate text. */
function widthOf(character: string): number {
  if (/[iljtfrI.,:;'|!()[\] ]/.test(character)) return 0.32;
  if (/[mwMW@%→]/.test(character)) return 0.9;
  if (/[A-Z]/.test(character)) return 0.68;
  return character > "\u2e80" ? 1 : 0.57;
}

/** Truncate text to a width, with an ellipsis. */
export function fitted(text: string, width: number, size: number): string {
  const characters = [...text];
  let used = 0;
  for (const [index, character] of characters.entries()) {
    used += widthOf(character) * size;
    if (used > width) return `${characters.slice(0, Math.max(1, index - 1)).join("")}…`;
  }
  return text;
}

const AS_WRITTEN = new Set(["viewBox"]);

const attributeName = (name: string): string =>
  AS_WRITTEN.has(name) ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Escape text for XML and drop characters that XML does not allow. */
export function escaped(text: string): string {
  return text.replace(FORBIDDEN, "").replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/** Render elements as SVG text; `resolve` may replace values of attributes. */
export function markup(marks: readonly Mark[], resolve = (value: string): string => value): string {
  return marks.map((mark) => markupOf(mark, resolve)).join("");
}

function markupOf({ tag, attrs, text, marks }: Mark, resolve: (value: string) => string): string {
  const written = Object.entries(attrs).map(
    ([name, value]) =>
      ` ${attributeName(name)}="${typeof value === "number" ? shortened(value) : escaped(resolve(value))}"`,
  );
  const inside = (text === undefined ? "" : escaped(text)) + (marks ? markup(marks, resolve) : "");
  return `<${tag}${written.join("")}>${inside}</${tag}>`;
}

const shortened = (value: number): string => String(Math.round(value * 100) / 100);
