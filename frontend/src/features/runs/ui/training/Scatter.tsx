import {
  CartesianGrid,
  Scatter as Points,
  ReferenceLine,
  ResponsiveContainer,
  ScatterChart,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { Predictions } from "@/shared/api/types";
import { formatInt, formatNumber } from "@/shared/lib/format";

type Regression = Extract<Predictions, { task: "regression" }>;

interface Place {
  x: number;
  y: number;
}

/** Predicted against true values, and what is left over, for each target. */
export function Scatter({ predictions }: { predictions: Regression }) {
  return (
    <div
      className="grid gap-2"
      style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(330px, 100%), 1fr))" }}
    >
      {predictions.targets.map((target, index) => {
        const truth = predictions.true[index] ?? [];
        const guess = predictions.predicted[index] ?? [];
        const places = truth.map((x, i) => ({ x, y: guess[i] ?? 0 }));
        const low = Math.min(...truth, ...guess);
        const high = Math.max(...truth, ...guess);
        const rows = `${formatInt(predictions.rows)} test rows${places.length < predictions.rows ? `, ${places.length} shown` : ""}`;
        return [
          <Plot
            key={`${target} predicted`}
            title={`Predicted against true ${target}`}
            note={rows}
            x="true"
            y="predicted"
            places={places}
            line={[
              { x: low, y: low },
              { x: high, y: high },
            ]}
          />,
          <Plot
            key={`${target} residuals`}
            title={`Residuals of ${target}`}
            note="true − predicted; no pattern is good"
            x="predicted"
            y="residual"
            places={places.map(({ x, y }) => ({ x: y, y: x - y }))}
            line={[
              { x: Math.min(...guess), y: 0 },
              { x: Math.max(...guess), y: 0 },
            ]}
          />,
        ];
      })}
    </div>
  );
}

interface PlotProps {
  title: string;
  note: string;
  x: string;
  y: string;
  places: Place[];
  /** Where a perfect model's points would lie. */
  line: [Place, Place];
}

function Plot({ title, note, x, y, places, line }: PlotProps) {
  const tick = { fontSize: 11, fill: "var(--muted)" };
  const format = (value: number): string => formatNumber(value, 3);
  return (
    <figure className="rounded-lg border bg-panel p-2" aria-label={title}>
      <figcaption className="flex gap-2 px-1 text-sm">
        <span className="font-medium">{title}</span>
        <span className="text-muted">{note}</span>
      </figcaption>
      <ResponsiveContainer width="100%" height={210}>
        <ScatterChart margin={{ top: 8, right: 12, bottom: 16, left: 4 }} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" />
          <XAxis
            type="number"
            dataKey="x"
            tickCount={8}
            domain={["auto", "auto"]}
            tick={tick}
            tickFormatter={format}
            stroke="var(--line-strong)"
            label={{ value: x, position: "insideBottom", offset: -10, ...tick }}
          />
          <YAxis
            type="number"
            dataKey="y"
            tickCount={6}
            domain={["auto", "auto"]}
            tick={tick}
            tickFormatter={format}
            stroke="var(--line-strong)"
            width={48}
            label={{ value: y, angle: -90, position: "insideLeft", ...tick }}
          />
          <ReferenceLine segment={line} stroke="var(--wire-layer)" strokeDasharray="5 4" strokeWidth={1.5} />
          <Tooltip
            cursor={false}
            formatter={(value) => formatNumber(Number(value))}
            contentStyle={{
              background: "var(--panel)",
              border: "1px solid var(--line)",
              borderRadius: 8,
              fontSize: 12,
            }}
          />
          <Points data={places} fill="var(--accent)" fillOpacity={0.55} r={2.5} isAnimationActive={false} />
        </ScatterChart>
      </ResponsiveContainer>
    </figure>
  );
}
