import { FlaskConical } from "lucide-react";
import { metricLabel } from "@/features/runs/model/metrics";
import type { StudyResults } from "@/shared/api/types";
import { extent, linear, padded, type Scale, shorten } from "@/shared/lib/scale";
import { factorOf, useUi } from "@/shared/store/ui";
import { EmptyState } from "@/shared/ui/EmptyState";
import { PlotGrid } from "@/shared/ui/plots/PlotGrid";
import { useWidth } from "@/shared/ui/plots/useWidth";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { PlotCard } from "./PlotCard";
import { type SeedPair, seedPairs } from "./points";
import { usePlotHeight } from "./usePlotHeight";

const MOST = 60;
const [FOOT, AXIS] = [24, 58];

/** Every value of every variant, connected to the reference's value with the same seed. */
export function SeedPlot({ results }: { results: StudyResults }) {
  const pairs = seedPairs(results).slice(0, MOST);
  const [ref, width] = useWidth<HTMLDivElement>();
  if (pairs.length === 0)
    return (
      <EmptyState icon={<FlaskConical />} title="No value yet">
        A point appears with every run that ends.
      </EmptyState>
    );
  const metric = metricLabel(results.metric);
  return (
    <PlotCard
      title="Points per seed"
      note={`${metric}: the reference on the left, the variant on the right; lines connect equal seeds, bars are means.`}
      data={() => ({
        head: ["Variant", "Seed", "Reference", metric],
        rows: pairs.flatMap(({ label, seeds }) =>
          seeds.map(({ seed, before, after }) => [label, seed, before, after]),
        ),
      })}
    >
      <div ref={ref}>{width > 0 && <Panels pairs={pairs} width={width} />}</div>
    </PlotCard>
  );
}

function Panels({ pairs, width }: { pairs: SeedPair[]; width: number }) {
  const unit = useUi(factorOf);
  const height = usePlotHeight(195, 140, 300);
  const axis = AXIS * unit;
  const panel = Math.max(76 * unit, Math.min(170 * unit, (width - axis - 8) / pairs.length));
  const values = pairs.flatMap(({ seeds }) => seeds.flatMap(({ before, after }) => [before, after]));
  const known = values.filter((value) => value !== null);
  const y = linear(padded(extent(known)), [height - FOOT * unit, 8], 5);
  const whole = Math.max(width, axis + panel * pairs.length + 8);
  return (
    <ScrollRegion label="Panels of the points per seed" className="overflow-x-auto overflow-y-hidden">
      <svg
        role="img"
        aria-label="Values per seed, each connected to its reference; the figures are in the table view"
        width={whole}
        height={height}
        className="block text-xs"
      >
        <PlotGrid y={y} left={axis} right={whole - 8} unit={unit} />
        {pairs.map((pair, index) => (
          <Panel
            key={pair.key}
            pair={pair}
            left={axis + index * panel}
            width={panel}
            y={y}
            foot={height - 8 * unit}
          />
        ))}
      </svg>
    </ScrollRegion>
  );
}

interface PanelProps {
  pair: SeedPair;
  left: number;
  width: number;
  y: Scale;
  foot: number;
}

function Panel({ pair, left, width, y, foot }: PanelProps) {
  const [from, to] = [left + width * 0.25, left + width * 0.75];
  return (
    <g>
      <text x={left + width / 2} y={foot} textAnchor="middle" fill="var(--text)">
        <title>{`${pair.label}, compared with ${pair.reference}`}</title>
        {shorten(pair.label, width - 4)}
      </text>
      {pair.seeds.map(({ seed, before, after }) => (
        <g key={seed}>
          {before !== null && after !== null && (
            <line
              x1={from}
              x2={to}
              y1={y(before)}
              y2={y(after)}
              stroke="var(--line-strong)"
              strokeWidth={1.25}
            />
          )}
          {before !== null && (
            <Point x={from} y={y(before)} text={`seed ${seed}, ${pair.reference}: ${before}`} hollow />
          )}
          {after !== null && <Point x={to} y={y(after)} text={`seed ${seed}, ${pair.label}: ${after}`} />}
        </g>
      ))}
      <Mean values={pair.seeds.map(({ before }) => before)} x={from} y={y} />
      <Mean values={pair.seeds.map(({ after }) => after)} x={to} y={y} />
    </g>
  );
}

function Point({ x, y, text, hollow = false }: { x: number; y: number; text: string; hollow?: boolean }) {
  return (
    <circle
      cx={x}
      cy={y}
      r={3.5}
      fill={hollow ? "var(--panel)" : "var(--accent)"}
      stroke={hollow ? "var(--muted)" : "var(--panel)"}
      strokeWidth={1.25}
    >
      <title>{text}</title>
    </circle>
  );
}

function Mean({ values, x, y }: { values: (number | null)[]; x: number; y: Scale }) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return <line x1={x - 11} x2={x + 11} y1={y(mean)} y2={y(mean)} stroke="var(--text)" strokeWidth={2} />;
}
