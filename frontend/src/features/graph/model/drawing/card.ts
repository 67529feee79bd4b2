/** A card as drawn in a picture: same dimensions and colours as on the canvas, without buttons. */

import { repeatsOf } from "@/features/graph/model/blocks/expandBlock";
import { CARD, hasPortRows } from "@/features/graph/model/card";
import { paramLabel, paramValue, shapeOf, valueText } from "@/features/graph/model/catalogue";
import type { ChangeKind } from "@/features/graph/model/compare/diff";
import { nodeLabel } from "@/features/graph/model/document";
import type { Rect } from "@/features/graph/model/layout/frames";
import type { GraphNode, NodeInfo } from "@/shared/api/types";
import { categoryColor } from "@/shared/lib/categoryColor";
import { LOADER_OUTLINE, OUTLINES, RING } from "@/shared/lib/portShapes";
import { wireColor, wireFamily } from "@/shared/lib/wires";
import { circle, fitted, group, label, type Mark, path, rect } from "./marks";
import type { Card } from "./scene";

/** How a change is marked: with a colour, and with a sign for users who cannot see the colour. */
export const CHANGE_LOOK: Record<ChangeKind, { sign: string; color: string }> = {
  added: { sign: "+", color: "var(--success)" },
  removed: { sign: "−", color: "var(--danger)" },
  changed: { sign: "~", color: "var(--warning)" },
};

const ICON = { left: 10, size: 22 } as const;
const TEXT_LEFT = ICON.left + ICON.size + 8;
const RADIUS = 8;

interface Look {
  /** What happened to the card, in a comparison. */
  change?: ChangeKind | undefined;
  /** Without its category colour, so that changes stand out. */
  plain?: boolean;
}

/** Draw a card at its position. */
export function cardMarks({ node, info, isRow, rect: at }: Card, look: Look = {}): Mark {
  const tint = look.plain ? "var(--muted)" : categoryColor(info);
  if (isRow && info) return rowMarks(node, info, at, tint, look);
  return group({ transform: `translate(${at.x} ${at.y})` }, [
    { tag: "title", attrs: {}, text: nodeLabel(node) },
    ...body(node, info, at.height, look),
    ...header(node, info, tint, look),
    ...(info ? rows(info) : []),
    ...(info ? params(node, info) : []),
    ...(info ? ports(info, look) : []),
    ...(look.change ? badge(look.change) : []),
  ]);
}

/** Draw a layer of a long model: one line, with a stripe of its category colour. */
function rowMarks(node: GraphNode, info: NodeInfo, at: Rect, tint: string, look: Look): Mark {
  const [main] = shapeOf(info).primary;
  const value = main ? valueText(paramValue(node, main)) : "";
  const state = [value, repeatsOf(node) > 1 && `×${repeatsOf(node)}`, node.disabled && "disabled"];
  const half = CARD.width / 2 - 14;
  return group({ transform: `translate(${at.x} ${at.y})` }, [
    { tag: "title", attrs: {}, text: nodeLabel(node) },
    ...body(node, info, at.height, look),
    rect(1, 1, 5, at.height - 2, { rx: 2, fill: tint }),
    label(14, 19, fitted(nodeLabel(node), half, 12), { size: 12, weight: 600, fill: "var(--text)" }),
    label(CARD.width - 12, 19, fitted(state.filter(Boolean).join(" · "), half, 11), {
      size: 11,
      fill: "var(--muted)",
      anchor: "end",
    }),
    ...(look.change ? badge(look.change) : []),
  ]);
}

function body(node: GraphNode, info: NodeInfo | undefined, height: number, { change }: Look): Mark[] {
  const dashed = node.disabled || !info || change === "removed";
  const stroke = change
    ? CHANGE_LOOK[change].color
    : node.disabled
      ? "var(--muted)"
      : info
        ? "var(--line-strong)"
        : "var(--danger)";
  return [
    rect(0, 0, CARD.width, height, {
      rx: RADIUS,
      fill: "var(--panel)",
      stroke,
      strokeWidth: change ? 2.5 : 1,
      ...(dashed && { strokeDasharray: "5 3" }),
    }),
  ];
}

function header(node: GraphNode, info: NodeInfo | undefined, tint: string, look: Look): Mark[] {
  const name = nodeLabel(node);
  const type = info?.display_name ?? node.type;
  const state = [
    type === name ? info?.category : type,
    repeatsOf(node) > 1 && `×${repeatsOf(node)}`,
    node.disabled && "disabled",
  ];
  const width = CARD.width - TEXT_LEFT - 10;
  const outline = OUTLINES[info ? familyOf(tint) : "scalar"];
  return [
    ...(node.disabled || look.plain
      ? []
      : [rect(0.5, 0.5, CARD.width - 1, CARD.header - 1, { rx: RADIUS, fill: tint, fillOpacity: 0.08 })]),
    rect(ICON.left, (CARD.header - ICON.size) / 2, ICON.size, ICON.size, {
      rx: 6,
      fill: tint,
      fillOpacity: 0.18,
    }),
    path(outline, {
      transform: `translate(${ICON.left + ICON.size / 2} ${CARD.header / 2})`,
      fill: tint,
    }),
    label(TEXT_LEFT, 19, fitted(name, width, 13), { size: 13, weight: 600, fill: "var(--text)" }),
    label(TEXT_LEFT, 34, fitted(state.filter(Boolean).join(" · "), width, 11), {
      size: 11,
      fill: "var(--muted)",
    }),
  ];
}

/** Return the shape for a category colour; rings and halves would be too small for an icon. */
function familyOf(tint: string): keyof typeof OUTLINES {
  const family = Object.keys(OUTLINES).find((name) => tint === `var(--wire-${name})`);
  return (family as keyof typeof OUTLINES | undefined) ?? "scalar";
}

const rowTop = (row: number): number => CARD.header + row * CARD.port;

function rows(info: NodeInfo): Mark[] {
  if (!hasPortRows(info)) return [];
  const name = (text: string): string => fitted(text.replaceAll("_", " "), CARD.width / 2 - 16, 11);
  const style = { size: 11, fill: "var(--muted)" };
  return [
    ...shapeOf(info).ports.map((port, row) => label(12, rowTop(row) + 16, name(port.name), style)),
    ...info.outputs.map((port, row) =>
      label(CARD.width - 12, rowTop(row) + 16, name(port.name), { ...style, anchor: "end" }),
    ),
  ];
}

function params(node: GraphNode, info: NodeInfo): Mark[] {
  const { ports: inputs, primary } = shapeOf(info);
  const count = hasPortRows(info) ? Math.max(inputs.length, info.outputs.length) : 0;
  const top = rowTop(count) + (count > 0 ? CARD.pad : 0);
  return primary.flatMap((param, row) => {
    const y = top + row * CARD.param + 18;
    const half = CARD.width / 2 - 14;
    const value = valueText(paramValue(node, param));
    return [
      label(12, y, fitted(paramLabel(param), half, 11), { size: 11, fill: "var(--muted)" }),
      label(CARD.width - 12, y, fitted(value, half, 12), { size: 12, fill: "var(--text)", anchor: "end" }),
    ];
  });
}

function ports(info: NodeInfo, look: Look): Mark[] {
  const rowed = hasPortRows(info);
  const top = (row: number): number => (rowed ? rowTop(row) + CARD.port / 2 : CARD.header / 2);
  return [
    ...shapeOf(info).ports.map((port, row) => portMark(port.dtype, 0, top(row), look)),
    ...info.outputs.map((port, row) => portMark(port.dtype, CARD.width, top(row), look)),
  ];
}

function portMark(dtype: string, x: number, y: number, { plain }: Look): Mark {
  const family = wireFamily(dtype);
  const color = plain ? "var(--line-strong)" : wireColor(dtype);
  if (family === "result")
    return circle(x, y, RING.radius, { fill: "var(--panel)", stroke: color, strokeWidth: RING.width });
  return path(family === "loader" ? LOADER_OUTLINE : OUTLINES[family], {
    transform: `translate(${x} ${y})`,
    fill: color,
  });
}

function badge(change: ChangeKind): Mark[] {
  const { sign, color } = CHANGE_LOOK[change];
  return [
    circle(0, 0, 10, { fill: color, stroke: "var(--canvas)", strokeWidth: 2 }),
    label(0, 5, sign, { size: 15, weight: 700, fill: "var(--panel)", anchor: "middle" }),
  ];
}
