import { type VerdictTone, verdictLook } from "@/features/studies/model/studies";
import type { StudyRow } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";

const TONES: Record<VerdictTone, string> = {
  worse: "text-danger",
  better: "text-success",
  same: "text-accent",
  open: "text-muted",
  problem: "text-warning",
};

/** A verdict by sign, word and colour, with a sentence that explains it. */
export function VerdictMark({ row }: { row: Pick<StudyRow, "verdict" | "sentence"> }) {
  const look = verdictLook(row);
  if (!look) return null;
  return (
    <span
      title={row.sentence}
      className={cn("inline-flex items-center gap-1.5 font-medium", TONES[look.tone])}
    >
      <span aria-hidden className="w-3 text-center text-xs">
        {look.symbol}
      </span>
      {look.label}
    </span>
  );
}
