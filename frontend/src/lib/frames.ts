/** The three frames of a graph. A node's frame follows from its kind, and from its ports where that says nothing. */
import type { NodeInfo, Position } from "@/api/types";

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

/** The frame around these nodes; null where there is none. */
export function frameRect(nodes: readonly Rect[]): Rect | null {
  if (nodes.length === 0) return null;
  const left = Math.min(...nodes.map((node) => node.x)) - FRAME_PAD.side;
  const top = Math.min(...nodes.map((node) => node.y)) - FRAME_PAD.top;
  const right = Math.max(...nodes.map((node) => node.x + node.width)) + FRAME_PAD.side;
  const bottom = Math.max(...nodes.map((node) => node.y + node.height)) + FRAME_PAD.bottom;
  return { x: left, y: top, width: right - left, height: bottom - top };
}
