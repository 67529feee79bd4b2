import { metricLabel } from "@/features/runs/model/metrics";
import { type VerdictTone, verdictLook } from "@/features/studies/model/studies";
import { interval, signed } from "@/features/studies/model/studyTable";
import type { Study, StudyResults, StudyRow } from "@/shared/api/types";
import { formatNumber } from "@/shared/lib/format";
import { extent, linear, padded, type Scale, shorten } from "@/shared/lib/scale";
import { factorOf, useUi } from "@/shared/store/ui";
import { useWidth } from "@/shared/ui/plots/useWidth";
import { PlotCard, type PlotData } from "./PlotCard";
import { Waiting } from "./Waiting";

const TONES: Record<VerdictTone, string> = {
  worse: "var(--danger)",
  better: "var(--success)",
  same: "var(--accent)",
  open: "var(--muted)",
  problem: "var(--warning)",
};
/** Maximum rows: a plot of more is not readable. */
const MOST = 200;

/** Differences with their intervals, the values per seed, and the margin. */
export function ForestPlot({ study, results }: { study: Study; results: StudyResults }) {
  const rows = results.variants.filter((row) => row.delta !== null).slice(0, MOST);
  const { margin } = study.plan;
  const [ref, width] = useWidth<HTMLDivElement>();
  if (rows.length === 0) return <Waiting />;
  return (
    <PlotCard
      title="Differences"
      note={[
        `Δ of ${metricLabel(results.metric)} with its 95 % confidence interval; a dot is one seed.`,
        ...(margin === null ? [] : [`The band is the margin of ±${formatNumber(margin)}.`]),
      ].join(" ")}
      data={() => figures(rows)}
    >
      <div ref={ref}>
        {width > 0 && <Plot rows={rows} width={width} margin={margin} direction={results.direction} />}
      </div>
    </PlotCard>
  );
}

function figures(rows: StudyRow[]): PlotData {
  return {
    head: ["Variant", "Δ", "Low", "High", "Pairs", "Verdict"],
    rows: rows.map((row) => [
      row.label,
      row.delta,
      row.ci?.[0] ?? null,
      row.ci?.[1] ?? null,
      row.pairs,
      verdictLook(row)?.label ?? null,
    ]),
  };
}

const textOf = (row: StudyRow): string =>
  `${signed(row.delta, row.decimals)} ${interval(row.ci, row.decimals)}`.trim();

/** Pixels of a character of 11 px JetBrains Mono, and the least width of the plot beside its figures. */
const [MONO, LEAST] = [6.7, 180];

interface PlotProps {
  rows: StudyRow[];
  width: number;
  margin: number | null;
  direction: StudyResults["direction"];
}

function Plot({ rows, width, margin, direction }: PlotProps) {
  const unit = useUi(factorOf);
  const rowHeight = 28 * unit;
  const left = Math.max(96, Math.min(230, width * 0.3)) * unit;
  const textWidth = Math.max(...rows.map((row) => textOf(row).length)) * MONO * unit + 22;
  const right = width - left - textWidth >= LEAST * unit ? textWidth : 14;
  const bottom = rows.length * rowHeight + 6;
  const values = rows.flatMap((row) => [
    ...Object.values(row.differences),
    ...(row.ci ?? []),
    row.delta ?? 0,
  ]);
  const domain = padded(extent([0, ...values, ...(margin === null ? [] : [-margin, margin])]));
  const x = linear(domain, [left, width - right], Math.max(2, (width - left - right) / (64 * unit)));
  return (
    <svg
      role="img"
      aria-label="Differences with their intervals; the figures are in the table view"
      width={width}
      height={bottom + 42 * unit}
      className="block text-xs"
    >
      {margin !== null && (
        <rect
          x={x(-margin)}
          width={x(margin) - x(-margin)}
          y={2}
          height={bottom - 2}
          fill="var(--accent-soft)"
        />
      )}
      <Axis x={x} bottom={bottom} unit={unit} />
      {rows.map((row, index) => (
        <Row
          key={row.key}
          row={row}
          x={x}
          y={index * rowHeight + rowHeight / 2 + 4}
          left={left}
          textAt={right > 14 ? width - right + 10 : null}
        />
      ))}
      <Sides x={x} domain={domain} bottom={bottom + 36 * unit} direction={direction} />
    </svg>
  );
}

function Axis({ x, bottom, unit }: { x: Scale; bottom: number; unit: number }) {
  return (
    <g>
      {x.ticks.map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={2} y2={bottom} stroke="var(--line)" strokeWidth={1} />
          <text x={x(tick)} y={bottom + 14 * unit} textAnchor="middle" fill="var(--muted)">
            {formatNumber(tick, 3).replaceAll("-", "−")}
          </text>
        </g>
      ))}
      <line x1={x(0)} x2={x(0)} y1={2} y2={bottom} stroke="var(--text)" strokeWidth={1.25} />
    </g>
  );
}

/** On which side of zero a variant is worse. */
function Sides({
  x,
  domain,
  bottom,
  direction,
}: {
  x: Scale;
  domain: readonly [number, number];
  bottom: number;
  direction: string;
}) {
  const [low, high] = direction === "minimize" ? ["better", "worse"] : ["worse", "better"];
  return (
    <g fill="var(--muted)">
      <text x={Math.max(x(domain[0]), x(0) - 8)} y={bottom} textAnchor="end">
        ◂ {low}
      </text>
      <text x={Math.min(x(domain[1]), x(0) + 8)} y={bottom}>
        {high} ▸
      </text>
    </g>
  );
}

interface RowProps {
  row: StudyRow;
  x: Scale;
  y: number;
  left: number;
  textAt: number | null;
}

function Row({ row, x, y, left, textAt }: RowProps) {
  const look = verdictLook(row);
  const colour = TONES[look?.tone ?? "open"];
  const delta = row.delta ?? 0;
  const text = textOf(row);
  return (
    <g>
      <title>{`${row.label}: Δ ${text}. ${row.sentence}`}</title>
      <text x={12} y={y + 4} fill={colour}>
        {look?.symbol ?? ""}
      </text>
      <text x={28} y={y + 4} fill="var(--text)">
        {shorten(row.label, left - 36)}
      </text>
      {Object.entries(row.differences).map(([seed, value]) => (
        <circle key={seed} cx={x(value)} cy={y + 6} r={2.5} fill="var(--muted)" opacity={0.7} />
      ))}
      {row.ci && (
        <line
          x1={x(row.ci[0] ?? 0)}
          x2={x(row.ci[1] ?? 0)}
          y1={y - 2}
          y2={y - 2}
          stroke={colour}
          strokeWidth={2}
        />
      )}
      <rect x={x(delta) - 4} y={y - 6} width={8} height={8} fill={colour} />
      {textAt !== null && (
        <text x={textAt} y={y + 4} fill="var(--text)" className="font-mono">
          {text}
        </text>
      )}
    </g>
  );
}
