/** Render a drawing as a standalone SVG file: colours, font and graph are embedded. */

import type { Drawing } from "@/features/graph/model/drawing/drawing";
import { escaped, markup, SANS } from "@/features/graph/model/drawing/marks";
import { metadataOf } from "./embed";

interface SvgOptions {
  /** Return a token's value in the theme, such as of "--panel". */
  token: (name: string) => string;
  /** The font as a data URL; empty leaves it to the viewer. */
  font: string;
  /** The embedded graph file. */
  graph: string;
}

export function svgFile({ box, marks }: Drawing, { token, font, graph }: SvgOptions): string {
  const [x, y, width, height] = [box.x, box.y, box.width, box.height].map(Math.floor);
  const face = font
    ? `<style>@font-face{font-family:"Inter Variable";font-weight:100 900;src:url(${font}) format("woff2")}</style>`
    : "";
  const resolve = (value: string): string =>
    value.replace(/var\((--[\w-]+)\)/g, (_whole, name: string) => token(name));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${x} ${y} ${width} ${height}" font-family="${SANS}">`,
    graph && metadataOf(graph),
    face,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${escaped(token("--canvas"))}"/>`,
    markup(marks, resolve),
    "</svg>",
  ].join("");
}
