/** The three frames of a graph. A node's frame follows from its kind, otherwise from its ports. */

import type { Group, NodeInfo, Position } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

export type FrameKind = "data" | "model" | "training";

export const FRAMES: readonly { kind: FrameKind; title: string }[] = [
  { kind: "data", title: "Data" },
  { kind: "model", title: "Model" },
  { kind: "training", title: "Training" },
];

const BY_KIND: Record<string, FrameKind> = {
  data: "data",
  input: "model",
  layer: "model",
  operation: "model",
  block: "model",
  model: "model",
  loss: "training",
  optimizer: "training",
  scheduler: "training",
  training: "training",
  metric: "training",
};

/** Return the frame of a node type; an unknown type is in Training. */
export function frameOf(info: NodeInfo | undefined): FrameKind {
  if (!info) return "training";
  return ownValue(BY_KIND, info.kind) ?? byPorts(info);
}

function byPorts(info: NodeInfo): FrameKind {
  const ports = Object.values(info.inputs).filter((input) => input.is_handle);
  const types = new Set([...ports, ...info.outputs].map((port) => port.dtype));
  if (types.has("LAYER") || types.has("TENSOR")) return "model";
  const data = info.outputs.some((output) => output.dtype === "DATASET" || output.dtype === "LOADER");
  return data ? "data" : "training";
}

export interface Rect extends Position {
  width: number;
  height: number;
}

/** Padding around the nodes of a frame; its title is above them. */
export const FRAME_PAD = { side: 20, top: 44, bottom: 20 } as const;

/** Return the bounding box; null if there are no boxes. */
export function around(boxes: readonly Rect[]): Rect | null {
  if (boxes.length === 0) return null;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

const middleOf = ({ x, y, width, height }: Rect): Position => ({
  x: x + width / 2,
  y: y + height / 2,
});

/** Whether the centre of a box is inside another. */
export function holds({ x, y, width, height }: Rect, box: Rect): boolean {
  const middle = middleOf(box);
  return middle.x >= x && middle.x <= x + width && middle.y >= y && middle.y <= y + height;
}

/** Return the frame around these nodes; null if there are none. */
export function frameRect(nodes: readonly Rect[]): Rect | null {
  const box = around(nodes);
  if (!box) return null;
  const { side, top, bottom } = FRAME_PAD;
  return {
    x: box.x - side,
    y: box.y - top,
    width: box.width + 2 * side,
    height: box.height + top + bottom,
  };
}

/** Padding around the nodes of a group; its title is above them. */
export const GROUP_PAD = { side: 12, top: 40, bottom: 12 } as const;

/** Return the frame of a group around its visible nodes; null if a folded frame hides all of them. */
export function groupRect(
  group: Group,
  rects: ReadonlyMap<string, Rect>,
  isHidden: (node: string) => boolean = () => false,
): Rect | null {
  const box = around(group.nodes.filter((id) => !isHidden(id)).flatMap((id) => rects.get(id) ?? []));
  if (!box) return null;
  const { side, top, bottom } = GROUP_PAD;
  return { x: box.x - side, y: box.y - top, width: box.width + 2 * side, height: box.height + top + bottom };
}
