import { Download, Table2 } from "lucide-react";
import { useState } from "react";
import { curvesOf } from "@/features/runs/store/series";
import { useCurves } from "@/features/runs/store/useCurves";
import { formatNumber } from "@/shared/lib/format";
import { csvOf } from "@/shared/lib/tables";
import { saveFile } from "@/shared/store/download";
import { IconButton } from "@/shared/ui/IconButton";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { Chart, type Curve } from "./Chart";

interface ChartCardProps {
  title: string;
  /** What the values are of, where the title does not state it. */
  note?: string | undefined;
  curves: Curve[];
  log: boolean;
  smoothing: number;
  height: number;
}

/** A chart with its legend, its figures as a table, and as a file. */
export function ChartCard(props: ChartCardProps) {
  const { title, note, curves } = props;
  const [asTable, setAsTable] = useState(false);
  useCurves();
  return (
    <figure className="flex min-w-0 flex-col rounded-lg border bg-panel" aria-label={title}>
      <figcaption className="flex min-h-8 flex-wrap items-center pt-1 pr-1 pl-3">
        <span className="grow font-medium text-sm">
          {title} {note && <span className="font-normal text-muted text-xs">{note}</span>}
        </span>
        <span className="order-last flex basis-full flex-wrap gap-x-3">
          {curves.map((curve) => (
            <Legend key={`${curve.run}/${curve.key}`} curve={curve} />
          ))}
        </span>
        <IconButton
          size="sm"
          label={`Show ${title} as ${asTable ? "a chart" : "a table"}`}
          active={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          <Table2 />
        </IconButton>
        <IconButton size="sm" label={`Download ${title} as CSV`} onClick={() => download(title, curves)}>
          <Download />
        </IconButton>
      </figcaption>
      {asTable ? <CurveTable curves={curves} height={props.height} /> : <Chart {...props} />}
    </figure>
  );
}

function Legend({ curve }: { curve: Curve }) {
  const last = curvesOf(curve.run).get(curve.key)?.values.at(-1);
  return (
    <span
      className="inline-flex items-center gap-1.5 text-muted text-xs"
      title={last === undefined ? "" : String(last)}
    >
      <svg aria-hidden className="h-2 w-3.5 shrink-0">
        <line
          x1="0"
          y1="4"
          x2="14"
          y2="4"
          stroke={`var(${curve.color})`}
          strokeWidth="2"
          strokeDasharray={curve.dashed ? "4 2" : undefined}
          opacity={curve.faint ? 0.45 : 1}
        />
      </svg>
      {curve.label}
      <span className="font-mono text-text tabular-nums">{formatNumber(last)}</span>
    </span>
  );
}

interface Row {
  step: number;
  epoch: number;
  values: (number | undefined)[];
}

function rowsOf(curves: Curve[]): Row[] {
  const rows = new Map<number, Row>();
  for (const [index, { run, key }] of curves.entries()) {
    const series = curvesOf(run).get(key);
    series?.steps.forEach((step, i) => {
      const row = rows.get(step) ?? { step, epoch: 0, values: curves.map(() => undefined) };
      // The last step of an epoch has both batch values and the epoch's values.
      row.epoch = Math.max(row.epoch, series.epochs[i] ?? 0);
      row.values[index] = series.values[i];
      rows.set(step, row);
    });
  }
  return [...rows.values()].sort((a, b) => a.step - b.step);
}

const MOST_ROWS = 500;

function CurveTable({ curves, height }: { curves: Curve[]; height: number }) {
  const shown = curves.filter((curve) => !curve.faint);
  const rows = rowsOf(shown);
  const cut = rows.length - MOST_ROWS;
  return (
    <ScrollRegion className="overflow-auto" style={{ height }} label="Figures">
      {cut > 0 && (
        <p className="px-3 py-1 text-muted text-xs">
          The last {MOST_ROWS} of {rows.length} rows; the CSV has all.
        </p>
      )}
      <table className="w-full text-right font-mono text-xs tabular-nums">
        <thead className="sticky top-0 bg-panel text-muted">
          <tr>
            <th className="px-3 py-1 font-normal">Epoch</th>
            <th className="px-3 py-1 font-normal">Step</th>
            {shown.map((curve) => (
              <th key={`${curve.run}/${curve.key}`} className="px-3 py-1 font-normal">
                {curve.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(-MOST_ROWS).map((row) => (
            <tr key={row.step} className="border-t">
              <td className="px-3 py-0.5">{row.epoch}</td>
              <td className="px-3 py-0.5">{row.step}</td>
              {row.values.map((value, index) => (
                <td
                  key={shown[index]?.key}
                  className="px-3 py-0.5"
                  title={value === undefined ? "" : String(value)}
                >
                  {formatNumber(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function download(title: string, curves: Curve[]): void {
  const head = ["epoch", "step", ...curves.map((curve) => curve.label)];
  const lines = rowsOf(curves).map((row) => [row.epoch, row.step, ...row.values]);
  const name = `${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.csv`;
  saveFile(name, csvOf([head, ...lines]), "text/csv");
}
