import { formatNumber } from "@/shared/lib/format";
import type { Scale } from "@/shared/lib/scale";

interface PlotGridProps {
  /** Without it, only the values of y are marked. */
  x?: Scale;
  y: Scale;
  left: number;
  right: number;
  /** The lower end of the plot; the labels of x stand below it. */
  bottom?: number;
  /** The upper end of the vertical lines; without it there are none. */
  top?: number;
  unit: number;
}

const text = (tick: number): string => formatNumber(tick, 3).replaceAll("-", "−");

/** The lines and labels of an SVG plot's axes. */
export function PlotGrid({ x, y, left, right, bottom = 0, top, unit }: PlotGridProps) {
  return (
    <g>
      {y.ticks.map((tick) => (
        <g key={tick}>
          <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
          <text x={left - 6} y={y(tick) + 4} textAnchor="end" fill="var(--muted)">
            {text(tick)}
          </text>
        </g>
      ))}
      {x?.ticks.map((tick) => (
        <g key={tick}>
          {top !== undefined && <line x1={x(tick)} x2={x(tick)} y1={top} y2={bottom} stroke="var(--line)" />}
          <text x={x(tick)} y={bottom + 15 * unit} textAnchor="middle" fill="var(--muted)">
            {text(tick)}
          </text>
        </g>
      ))}
    </g>
  );
}
