import type { Run } from "@/shared/api/types";

/** A run in a comparison, with the letter and the colour that stand for it. */
export interface Compared {
  run: Run;
  letter: string;
  color: string;
}

export function Letter({ letter, color }: { letter: string; color: string }) {
  return (
    <span
      className="inline-flex size-5 shrink-0 items-center justify-center rounded border-2 font-semibold text-xs"
      style={{ borderColor: `var(${color})` }}
    >
      {letter}
    </span>
  );
}
