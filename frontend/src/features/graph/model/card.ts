/** Dimensions of a node card. The styles use them, and Tidy relies on them before a card is drawn. */
import type { NodeInfo } from "@/shared/api/types";
import { shapeOf } from "./catalogue";

export const CARD = { width: 180, header: 44, port: 24, param: 30, pad: 6 } as const;

/** A layer of a long model is one line. */
export const ROW = { height: 30 } as const;

/** Nodes snap to this grid. */
export const GRID = 10;

/** Space left of a layer that reads the model's input, for the wire drawn there. */
export const GHOST_ROOM = 70;

/** Half of a port's hit area, which is larger than its shape. */
export const PORT_RADIUS = 12;

/** Whether ports are listed in rows: a card with at most one port per side has it beside the title. */
export function hasPortRows(info: NodeInfo): boolean {
  return shapeOf(info).ports.length > 1 || info.outputs.length > 1;
}

/** Return the offset of a port from the top of its card, by its index on its side. */
function portTop(info: NodeInfo | undefined, row: number): number {
  if (!info || !hasPortRows(info)) return CARD.header / 2;
  return CARD.header + (Math.max(0, row) + 0.5) * CARD.port;
}

/** Return the offset of a port from the top of its card, by its name; the ports of a row share its height. */
export function portTopOf(
  info: NodeInfo | undefined,
  isRow: boolean,
  { side, port }: { side: "source" | "target"; port: string },
): number {
  const names = info ? (side === "source" ? info.outputs : shapeOf(info).ports).map(({ name }) => name) : [];
  const place = names.indexOf(port);
  if (!isRow) return portTop(info, place);
  return (ROW.height * (Math.max(0, place) + 1)) / (Math.max(1, names.length) + 1);
}

export function cardHeight(info: NodeInfo | undefined): number {
  if (!info) return CARD.header + CARD.port;
  const { ports, primary } = shapeOf(info);
  const rows = hasPortRows(info) ? Math.max(ports.length, info.outputs.length) * CARD.port + CARD.pad : 0;
  const fields = primary.length > 0 ? primary.length * CARD.param + CARD.pad : 0;
  return CARD.header + rows + fields;
}

/** Return the height of the card of a block's own ports: a row per port, and one for a new port. */
export function portsHeight(count: number): number {
  return CARD.header + (count + 1) * CARD.port + CARD.pad;
}
