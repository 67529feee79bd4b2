/** The three frames of a graph. A node's frame follows from its kind, and from its ports where that says nothing. */
import type { Group, NodeInfo, Position } from "@/shared/api/types";

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

/** The frame of a node type; a type that is not known stands in Training. */
export function frameOf(info: NodeInfo | undefined): FrameKind {
  if (!info) return "training";
  return BY_KIND[info.kind] ?? byPorts(info);
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

/** Room around the nodes of a frame; above them stands its title. */
export const FRAME_PAD = { side: 20, top: 44, bottom: 20 } as const;

/** The box around boxes; null where there is none. */
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

/** Whether the middle of a box lies in another. */
export function holds({ x, y, width, height }: Rect, box: Rect): boolean {
  const middle = middleOf(box);
  return middle.x >= x && middle.x <= x + width && middle.y >= y && middle.y <= y + height;
}

/** The frame around these nodes; null where there is none. */
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

/** Room around the nodes of a group; above them stands its title. */
export const GROUP_PAD = { side: 12, top: 40, bottom: 12 } as const;

/** Where the frame of a group is, by its nodes that are there; null where a folded frame hides them all. */
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
