import type { PairKeys } from "@/features/studies/model/variantPair";
import { Letter } from "@/shared/ui/Letter";
import { LINE_LOOKS } from "../plots/BandLegend";

/** The letter of a variant in a comparison, in the colour of its curve. */
export function SideLetter({ side }: { side: keyof PairKeys }) {
  const look = LINE_LOOKS[side === "a" ? 0 : 1];
  return <Letter letter={side.toUpperCase()} color={look?.color ?? "--accent"} />;
}
