import type { NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

/** The tint of a kind, which its icon and its card's header carry. */
const TINTS: Record<string, string> = {
  data: "var(--wire-dataset)",
  layer: "var(--wire-layer)",
  operation: "var(--wire-layer)",
  block: "var(--wire-model)",
  model: "var(--wire-model)",
  loss: "var(--wire-loss)",
  input: "var(--wire-layer)",
  optimizer: "var(--wire-optimizer)",
  scheduler: "var(--wire-optimizer)",
  training: "var(--wire-result)",
  metric: "var(--wire-result)",
};

export function categoryColor(info: Pick<NodeInfo, "kind"> | undefined): string {
  return ownValue(TINTS, info?.kind ?? "") ?? "var(--wire-scalar)";
}
