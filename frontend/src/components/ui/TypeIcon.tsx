import {
  Activity,
  Blocks,
  Box,
  ChartSpline,
  Database,
  Dumbbell,
  Gauge,
  Layers,
  type LucideIcon,
  Puzzle,
  SquareFunction,
  Target,
  TrendingDown,
} from "lucide-react";
import type { NodeInfo } from "@/api/types";

const BY_KIND: Record<string, LucideIcon> = {
  data: Database,
  layer: Layers,
  operation: SquareFunction,
  block: Blocks,
  model: Box,
  loss: Target,
  optimizer: TrendingDown,
  training: Dumbbell,
  metric: Gauge,
};

const BY_CATEGORY: Record<string, LucideIcon> = {
  activation: Activity,
  activations: Activity,
  metrics: Gauge,
  training: ChartSpline,
  model: Box,
  data: Database,
};

/** The tint of a kind, which its icon and its card's header carry. */
const TINTS: Record<string, string> = {
  data: "var(--wire-dataset)",
  layer: "var(--wire-layer)",
  operation: "var(--wire-layer)",
  block: "var(--wire-model)",
  model: "var(--wire-model)",
  loss: "var(--wire-loss)",
  optimizer: "var(--wire-optimizer)",
  training: "var(--wire-result)",
  metric: "var(--wire-result)",
};

export function tintOf(info: Pick<NodeInfo, "kind"> | undefined): string {
  return TINTS[info?.kind ?? ""] ?? "var(--wire-scalar)";
}

/** The icon of a node type, by its kind, else by its category. */
export function TypeIcon({ info, className }: { info: NodeInfo | undefined; className?: string }) {
  const Icon = BY_KIND[info?.kind ?? ""] ?? BY_CATEGORY[info?.category.toLowerCase() ?? ""] ?? Puzzle;
  return <Icon aria-hidden className={className} />;
}
