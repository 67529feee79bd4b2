import type { StudyCurves } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatNumber } from "@/shared/lib/format";
import { RUN_COLORS } from "@/shared/lib/runColors";

type BandPoint = StudyCurves["variants"][string][number];

export interface LineLook {
  /** A CSS variable, such as --accent. */
  color: string;
  dash?: string;
}

export interface Arm extends LineLook {
  key: string;
  label: string;
  points: BandPoint[];
}

/** The colours, then again dashed and dotted. */
export const LINE_LOOKS: LineLook[] = [undefined, "6 4", "2 3"].flatMap((dash) =>
  RUN_COLORS.map((color) => ({ color, ...(dash !== undefined && { dash }) })),
);

interface BandLegendProps {
  arms: Arm[];
  off: ReadonlySet<string>;
  /** The epoch whose values are shown; the last one where it is null. */
  epoch: number | null;
  onToggle: (key: string) => void;
}

/** The lines by name and value; a click hides one or shows it. */
export function BandLegend({ arms, off, epoch, onToggle }: BandLegendProps) {
  return (
    <div className="flex flex-wrap gap-x-1 px-2 pb-1">
      {arms.map(({ key, label, points, color, dash }) => {
        const shown = !off.has(key);
        const at = epoch === null ? points.at(-1) : points.find((point) => point.epoch === epoch);
        return (
          <button
            key={key}
            type="button"
            aria-pressed={shown}
            title={shown ? `Hide ${label}` : `Show ${label}`}
            onClick={() => onToggle(key)}
            className="inline-flex h-6 max-w-full items-center gap-1.5 rounded-md px-1.5 text-xs hover:bg-raised"
          >
            <svg aria-hidden className="h-2 w-4 shrink-0">
              <line
                x1="0"
                x2="16"
                y1="4"
                y2="4"
                stroke={shown ? `var(${color})` : "var(--line-strong)"}
                strokeWidth="2"
                strokeDasharray={dash}
              />
            </svg>
            <span className={cn("max-w-56 truncate", !shown && "text-muted line-through")}>{label}</span>
            {shown && <span className="font-mono tabular-nums">{formatNumber(at?.mean)}</span>}
          </button>
        );
      })}
    </div>
  );
}
