import { least } from "d3-array";
import type { PointerEvent } from "react";
import { formatNumber } from "@/shared/lib/format";
import { extent, linear, logarithmic, padded, type Scale } from "@/shared/lib/scale";
import { factorOf, useUi } from "@/shared/store/ui";
import { PlotGrid } from "@/shared/ui/plots/PlotGrid";
import { useWidth } from "@/shared/ui/plots/useWidth";
import type { Arm } from "./BandLegend";
import { usePlotHeight } from "./usePlotHeight";

interface BandChartProps {
  arms: Arm[];
  log: boolean;
  /** The epoch under the pointer. */
  epoch: number | null;
  onEpoch: (epoch: number | null) => void;
}

const [AXIS, FOOT] = [58, 24];

/** Lines of means, each with its band. */
export function BandChart(props: BandChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  return <div ref={ref}>{width > 0 && <Drawing {...props} width={width} />}</div>;
}

function Drawing({ arms, log, epoch, onEpoch, width }: BandChartProps & { width: number }) {
  const unit = useUi(factorOf);
  const height = usePlotHeight(240, 130, 280);
  const [left, foot] = [AXIS * unit, FOOT * unit];
  const points = arms.flatMap((arm) => arm.points);
  const epochs = [...new Set(points.map((point) => point.epoch))].sort((a, b) => a - b);
  const x = linear(extent(epochs), [left, width - 14], Math.max(2, (width - left) / (70 * unit)));
  const y = heights(points, log, [height - foot, 8]);
  const follow = (event: PointerEvent<SVGSVGElement>): void => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
    onEpoch(least(epochs, (value) => Math.abs(x(value) - at)) ?? null);
  };
  return (
    <svg
      role="img"
      aria-label="Learning curves with their bands; the figures are in the table view"
      width={width}
      height={height}
      className="block text-xs"
      onPointerMove={follow}
      onPointerLeave={() => onEpoch(null)}
    >
      <PlotGrid x={x} y={y} left={left} right={width - 14} bottom={height - foot} unit={unit} />
      {arms.map((arm) => (
        <path key={arm.key} d={band(arm, x, y)} fill={`var(${arm.color})`} opacity={0.14} />
      ))}
      {arms.map((arm) => (
        <path
          key={arm.key}
          d={line(arm, x, y)}
          fill="none"
          stroke={`var(${arm.color})`}
          strokeWidth={1.75}
          strokeDasharray={arm.dash}
        />
      ))}
      {epoch !== null && (
        <g>
          <line
            x1={x(epoch)}
            x2={x(epoch)}
            y1={8}
            y2={height - foot}
            stroke="var(--muted)"
            strokeDasharray="3 3"
          />
          <text x={Math.min(x(epoch) + 5, width - 70)} y={18} fill="var(--text)">
            epoch {formatNumber(epoch)}
          </text>
        </g>
      )}
    </svg>
  );
}

function heights(points: Arm["points"], log: boolean, range: readonly [number, number]): Scale {
  const means = points.map((point) => point.mean);
  if (log && means.some((mean) => mean > 0)) {
    // A band that reaches below zero cannot be drawn on a log scale: the means decide.
    const [low, high] = extent(means.filter((mean) => mean > 0));
    return logarithmic([low * 0.8, high * 1.25], range);
  }
  return linear(padded(extent(points.flatMap((point) => [point.low, point.high]))), range);
}

const place = (x: number, y: number): string => `${x.toFixed(1)},${y.toFixed(1)}`;

const line = ({ points }: Arm, x: Scale, y: Scale): string =>
  `M${points.map((point) => place(x(point.epoch), y(point.mean))).join("L")}`;

function band({ points }: Arm, x: Scale, y: Scale): string {
  const there = points.map((point) => place(x(point.epoch), y(point.high)));
  const back = points.map((point) => place(x(point.epoch), y(point.low))).reverse();
  return `M${[...there, ...back].join("L")}Z`;
}
