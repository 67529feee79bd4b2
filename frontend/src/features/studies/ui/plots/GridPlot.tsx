import { metricLabel } from "@/features/runs/model/metrics";
import { meanSd, paramText, pValue } from "@/features/studies/model/studyTable";
import type { StudyResults } from "@/shared/api/types";
import { formatNumber } from "@/shared/lib/format";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { type Datum, PlotCard, SmallTable } from "./PlotCard";
import { type GridFactor, gridCells } from "./points";

interface GridPlotProps {
  results: StudyResults;
  factors: GridFactor[];
}

/** The plots of a grid: its means, where it has two factors, and the effect of each factor. */
export function GridPlot({ results, factors }: GridPlotProps) {
  const [rows, columns, ...more] = factors;
  return (
    <>
      {rows && columns && more.length === 0 && <HeatMap results={results} rows={rows} columns={columns} />}
      <Effects results={results} />
    </>
  );
}

interface HeatMapProps {
  results: StudyResults;
  rows: GridFactor;
  columns: GridFactor;
}

function HeatMap({ results, rows, columns }: HeatMapProps) {
  const cells = gridCells(results, rows, columns);
  const [rowName, columnName] = [`${rows.node}.${rows.param}`, `${columns.node}.${columns.param}`];
  const metric = metricLabel(results.metric);
  return (
    <PlotCard
      title="Means of the grid"
      note={`${metric}, mean ± sd; the deeper the colour, the better.`}
      isTable
      data={() => ({
        head: [rowName, columnName, metric, "sd", "n"],
        rows: cells.flatMap(({ value, cells: line }) =>
          line.map(({ column, row }): Datum[] => [
            paramText(value),
            paramText(column),
            row?.mean ?? null,
            row?.sd ?? null,
            row?.n ?? 0,
          ]),
        ),
      })}
    >
      <ScrollRegion label="Means of the grid, figures" className="overflow-x-auto px-3 py-2">
        <table className="text-xs tabular-nums">
          <thead className="text-muted">
            <tr>
              <td className="px-2 py-1 text-right">
                {rowName} ↓ {columnName} →
              </td>
              {columns.values.map((value) => (
                <th key={JSON.stringify(value)} scope="col" className="px-2 py-1 font-normal">
                  {paramText(value)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map(({ value, cells: line }) => (
              <tr key={JSON.stringify(value)}>
                <th scope="row" className="px-2 py-1 text-right font-normal text-muted">
                  {paramText(value)}
                </th>
                {line.map(({ column, row, share }) => (
                  <td
                    key={JSON.stringify(column)}
                    title={row ? `${row.label}: ${row.mean ?? "no value"}` : "Not trained"}
                    className="h-8 min-w-24 border px-2 text-center font-mono"
                    style={{
                      background:
                        share === null
                          ? undefined
                          : `color-mix(in srgb, var(--accent) ${Math.round(4 + share * 36)}%, var(--panel))`,
                    }}
                  >
                    {row ? meanSd(row.mean, row.sd, row.decimals) : "–"}
                    {share === 1 && <span className="ml-1 font-sans font-semibold">best</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </PlotCard>
  );
}

function Effects({ results: { effects } }: { results: StudyResults }) {
  if (effects.length === 0)
    return (
      <p className="px-3 py-2 text-muted text-sm">
        Effects of the factors appear when every planned run has ended and there are enough runs.
      </p>
    );
  const tests = effects.some(({ f }) => f !== null);
  const rows = effects.map(({ term, estimate, ci, f, df, p }): Datum[] => [
    term,
    estimate,
    ci?.[0] ?? null,
    ci?.[1] ?? null,
    ...(tests ? [f === null ? null : `${formatNumber(f)} (${df ?? "–"})`] : []),
    pValue(p),
  ]);
  const data = { head: ["Effect", "Estimate", "Low", "High", ...(tests ? ["F (df)"] : []), "p"], rows };
  return (
    <PlotCard
      title="Effects"
      note="By least squares with the seed in the model, with 95 % intervals. No p is corrected for the number of effects."
      isTable
      data={data}
    >
      <ScrollRegion label="Effects, figures" className="overflow-x-auto px-1 pb-2">
        <SmallTable {...data} />
      </ScrollRegion>
    </PlotCard>
  );
}
