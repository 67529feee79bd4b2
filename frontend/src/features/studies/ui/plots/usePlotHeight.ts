import { factorOf, useUi } from "@/shared/store/ui";

/** A height in pixels that fits the drawer: `around` is the height above and below the plot. */
export function usePlotHeight(around: number, least: number, most: number): number {
  const unit = useUi(factorOf);
  const drawer = useUi((ui) => ui.drawerHeight);
  return Math.max(least * unit, Math.min(most * unit, drawer - around * unit));
}
