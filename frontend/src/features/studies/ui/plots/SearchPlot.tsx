import { FlaskConical } from "lucide-react";
import { metricLabel } from "@/features/runs/model/metrics";
import { fixed, paramText } from "@/features/studies/model/studyTable";
import type { StudyResults } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { shorten } from "@/shared/lib/scale";
import { factorOf, useUi } from "@/shared/store/ui";
import { EmptyState } from "@/shared/ui/EmptyState";
import { useWidth } from "@/shared/ui/plots/useWidth";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { type AxisScale, numberAxis, paramAxis } from "./axes";
import { PlotCard } from "./PlotCard";
import { type Trial, trialsOf } from "./points";
import { usePlotHeight } from "./usePlotHeight";

/** The trials of a search: one line per trial, through its values to its metric. */
export function SearchPlot({ results }: { results: StudyResults }) {
  const trials = trialsOf(results);
  const [ref, width] = useWidth<HTMLDivElement>();
  const params = [...new Set(trials.flatMap((trial) => Object.keys(trial.params)))];
  if (trials.length === 0)
    return (
      <EmptyState icon={<FlaskConical />} title="No trial yet">
        A line appears with the first run of each trial.
      </EmptyState>
    );
  const best = trials.find((trial) => trial.best);
  const metric = metricLabel(results.metric);
  return (
    <PlotCard
      title="Trials"
      note={
        <>
          {best && (
            <>
              ★ Best mean: {best.label}, {fixed(best.mean, best.decimals)}.{" "}
            </>
          )}
          {results.best === results.baseline.key && "The baseline has the best mean. "}A search chooses the
          best of many: its differences are described, not tested.
        </>
      }
      data={() => ({
        head: ["Trial", ...params, metric, "n"],
        rows: trials.map((trial) => [
          trial.label,
          ...params.map((param) => paramText(ownValue(trial.params, param))),
          trial.mean,
          trial.n,
        ]),
      })}
    >
      <div ref={ref}>
        {width > 0 && (
          <Lines
            trials={trials}
            params={params}
            metric={metric}
            baseline={results.baseline.mean}
            width={width}
          />
        )}
      </div>
    </PlotCard>
  );
}

interface LinesProps {
  trials: Trial[];
  params: string[];
  metric: string;
  baseline: number | null;
  width: number;
}

const [HEAD, FOOT, SIDE] = [30, 12, 72];

function Lines({ trials, params, metric, baseline, width }: LinesProps) {
  const unit = useUi(factorOf);
  const height = usePlotHeight(210, 150, 320);
  const side = SIDE * unit;
  const range = [height - FOOT * unit, HEAD * unit] as const;
  const least = (params.length + 1) * 110 * unit;
  const whole = Math.max(width, least);
  const step = (whole - 2 * side) / Math.max(1, params.length);
  const axes = [
    ...params.map((param) =>
      paramAxis(
        param,
        trials.map((trial) => ownValue(trial.params, param)),
        range,
      ),
    ),
    numberAxis(
      metric,
      [...trials.map((trial) => trial.mean), ...(baseline === null ? [] : [baseline])],
      range,
    ),
  ];
  const valueAt = (trial: Trial, index: number): unknown => {
    const param = params[index];
    return param === undefined ? trial.mean : ownValue(trial.params, param);
  };
  return (
    <ScrollRegion label="Lines of the trials" className="overflow-x-auto overflow-y-hidden">
      <svg
        role="img"
        aria-label="A line for each trial through its values to its metric; the figures are in the table view"
        width={whole}
        height={height}
        className="block text-xs"
      >
        {/* the best is drawn last, on top */}
        {[...trials].reverse().map((trial) => (
          <path
            key={trial.key}
            d={`M${axes.map((axis, index) => `${(side + index * step).toFixed(1)},${axis.place(valueAt(trial, index)).toFixed(1)}`).join("L")}`}
            fill="none"
            stroke={
              trial.best
                ? "var(--success)"
                : `color-mix(in srgb, var(--accent) ${Math.round(15 + trial.share * 85)}%, var(--line))`
            }
            strokeWidth={trial.best ? 3 : 1.5}
          >
            <title>{`${trial.label}: ${fixed(trial.mean, trial.decimals)}`}</title>
          </path>
        ))}
        {baseline !== null && (
          <text x={whole - side + 8} y={(axes.at(-1)?.place(baseline) ?? 0) + 4} fill="var(--muted)">
            ◂ baseline
          </text>
        )}
        {axes.map((axis, index) => (
          <Axis key={axis.name} axis={axis} x={side + index * step} range={range} width={step} />
        ))}
      </svg>
    </ScrollRegion>
  );
}

interface AxisProps {
  axis: AxisScale;
  x: number;
  range: readonly [number, number];
  width: number;
}

function Axis({ axis, x, range: [bottom, top], width }: AxisProps) {
  return (
    <g>
      <text x={x} y={14} textAnchor="middle" fill="var(--text)" className="font-medium">
        <title>{axis.name}</title>
        {shorten(axis.name, Math.max(90, width - 10))}
      </text>
      <line x1={x} x2={x} y1={top} y2={bottom} stroke="var(--muted)" />
      {axis.ticks.map(({ text, at }) => (
        <g key={text}>
          <line x1={x - 3} x2={x + 3} y1={at} y2={at} stroke="var(--muted)" />
          <text
            x={x - 6}
            y={at + 4}
            textAnchor="end"
            fill="var(--text)"
            stroke="var(--panel)"
            strokeWidth={3}
            paintOrder="stroke"
          >
            {shorten(text, 60)}
          </text>
        </g>
      ))}
    </g>
  );
}
