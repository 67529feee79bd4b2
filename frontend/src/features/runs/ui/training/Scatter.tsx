import type { Predictions } from "@/shared/api/types";
import { formatInt, formatNumber } from "@/shared/lib/format";
import { extent, linear, padded } from "@/shared/lib/scale";
import { factorOf, useUi } from "@/shared/store/ui";
import { PlotGrid } from "@/shared/ui/plots/PlotGrid";
import { useWidth } from "@/shared/ui/plots/useWidth";

type Regression = Extract<Predictions, { task: "regression" }>;

interface Point {
  x: number;
  y: number;
}

/** Predicted against true values, and the residuals, for each target. */
export function Scatter({ predictions }: { predictions: Regression }) {
  return (
    <div
      className="grid gap-2"
      style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(330px, 100%), 1fr))" }}
    >
      {predictions.targets.map((target, index) => {
        const truth = predictions.true[index] ?? [];
        const guess = predictions.predicted[index] ?? [];
        const points = truth.map((x, i) => ({ x, y: guess[i] ?? 0 }));
        const low = Math.min(...truth, ...guess);
        const high = Math.max(...truth, ...guess);
        const rows = `${formatInt(predictions.rows)} test rows${points.length < predictions.rows ? `, ${points.length} shown` : ""}`;
        return [
          <Plot
            key={`${target} predicted`}
            title={`Predicted against true ${target}`}
            note={rows}
            x="true"
            y="predicted"
            points={points}
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
            points={points.map(({ x, y }) => ({ x: y, y: x - y }))}
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
  points: Point[];
  /** The points of a perfect model lie on it. */
  line: [Point, Point];
}

/** Pixels of the plot, of its left and its lower edge. */
const [HEIGHT, LEFT, FOOT] = [210, 58, 40];

function Plot({ title, note, x, y, points, line }: PlotProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  return (
    <figure className="rounded-lg border bg-panel p-2" aria-label={title}>
      <figcaption className="flex gap-2 px-1 text-sm">
        <span className="font-medium">{title}</span>
        <span className="text-muted">{note}</span>
      </figcaption>
      <div ref={ref}>
        {width > 0 && <Drawing title={title} names={{ x, y }} points={points} line={line} width={width} />}
      </div>
    </figure>
  );
}

interface DrawingProps {
  title: string;
  names: { x: string; y: string };
  points: Point[];
  line: [Point, Point];
  width: number;
}

function Drawing({ title, names, points, line: [from, to], width }: DrawingProps) {
  const unit = useUi(factorOf);
  const height = HEIGHT * unit;
  const [left, right, bottom] = [LEFT * unit, width - 12, height - FOOT * unit];
  const drawn = [...points, from, to];
  const x = linear(padded(extent(drawn.map((point) => point.x))), [left, right], width / (80 * unit));
  const y = linear(padded(extent(drawn.map((point) => point.y))), [bottom, 8]);
  const middle = (bottom + 8) / 2;
  return (
    <svg role="img" aria-label={title} width={width} height={height} className="block text-xs">
      <PlotGrid x={x} y={y} left={left} right={right} top={8} bottom={bottom} unit={unit} />
      <text x={(left + right) / 2} y={height - 6} textAnchor="middle" fill="var(--muted)">
        {names.x}
      </text>
      <text x={12} y={middle} textAnchor="middle" fill="var(--muted)" transform={`rotate(-90 12 ${middle})`}>
        {names.y}
      </text>
      <line
        x1={x(from.x)}
        y1={y(from.y)}
        x2={x(to.x)}
        y2={y(to.y)}
        stroke="var(--wire-layer)"
        strokeDasharray="5 4"
        strokeWidth={1.5}
      />
      {points.map((point, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the points of a finished run never change
        <circle key={index} cx={x(point.x)} cy={y(point.y)} r={2.5} fill="var(--accent)" opacity={0.55}>
          <title>{`${names.x} ${formatNumber(point.x)}, ${names.y} ${formatNumber(point.y)}`}</title>
        </circle>
      ))}
    </svg>
  );
}
