/** The shapes of ports, in a box of 12 by 12 around the origin; each wire family has its own. */
import type { WireFamily } from "./wires";

export const OUTLINES: Record<Exclude<WireFamily, "result" | "loader">, string> = {
  layer: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z",
  dataset: "M0-5.5 5.5 0 0 5.5-5.5 0Z",
  model: "M-2.8-4.9H2.8L5.6 0 2.8 4.9H-2.8L-5.6 0Z",
  optimizer: "M-4.3-5 5.3 0-4.3 5Z",
  loss: "M0-5.4 5.2-1.6 3.2 4.5H-3.2L-5.2-1.6Z",
  scalar: "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z",
};

/** Two halves with a gap between them. */
export const LOADER_OUTLINE = "M-.9-5.1V5.1L-5.9 0ZM.9-5.1V5.1L5.9 0Z";

/** A result is a ring. */
export const RING = { radius: 3.7, width: 2.4 } as const;
