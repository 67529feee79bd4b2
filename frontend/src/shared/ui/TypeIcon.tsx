import {
  Activity,
  Blocks,
  Box,
  CalendarClock,
  ChartSpline,
  Database,
  Droplets,
  Dumbbell,
  Frame,
  Gauge,
  Grid3x3,
  Layers,
  LogIn,
  type LucideIcon,
  Puzzle,
  Repeat,
  Ruler,
  ScanEye,
  Shapes,
  Shrink,
  SlidersHorizontal,
  SquareFunction,
  Target,
  TrendingDown,
} from "lucide-react";
import type { NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

const BY_KIND: Record<string, LucideIcon> = {
  data: Database,
  input: LogIn,
  layer: Layers,
  operation: SquareFunction,
  block: Blocks,
  model: Box,
  loss: Target,
  optimizer: TrendingDown,
  scheduler: CalendarClock,
  training: Dumbbell,
  metric: Gauge,
};

/** Among layers and what has no icon by its kind. */
const BY_CATEGORY: Record<string, LucideIcon> = {
  activation: Activity,
  attention: ScanEye,
  convolution: Grid3x3,
  distance: Ruler,
  dropout: Droplets,
  input: LogIn,
  math: SquareFunction,
  normalization: SlidersHorizontal,
  padding: Frame,
  pooling: Shrink,
  recurrent: Repeat,
  shape: Shapes,
  metrics: Gauge,
  training: ChartSpline,
  model: Box,
  data: Database,
};

/** The icon of a node type: of its category where that is a family of layers, else of its kind. */
export function TypeIcon({ info, className }: { info: NodeInfo | undefined; className?: string }) {
  const family = ownValue(BY_CATEGORY, info?.category.toLowerCase() ?? "");
  const own = ownValue(BY_KIND, info?.kind ?? "");
  const Icon = (info?.kind === "layer" ? (family ?? own) : (own ?? family)) ?? Puzzle;
  return <Icon aria-hidden className={className} />;
}
