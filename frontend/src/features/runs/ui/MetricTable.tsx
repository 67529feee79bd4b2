import { finalMetrics, metricLabel } from "@/features/runs/model/metrics";
import { durationText } from "@/features/runs/model/runs";
import type { MetricSummary, Run } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatInt, formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { type Compared, Letter } from "@/shared/ui/Letter";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";

const FACTS: [name: string, value: (run: Run) => string][] = [
  ["Seed", (run) => String(run.seed)],
  ["Epochs", ({ progress }) => formatInt(progress.epoch)],
  ["Epoch of these values", ({ progress }) => formatInt(progress.kept_epoch ?? progress.epoch)],
  ["Parameters", (run) => formatInt(run.parameters)],
  ["Duration", durationText],
  ["Data", (run) => [...new Set(run.datasets.map((use) => use.name))].join(", ")],
];

/** Final figures, one column per run; after the first, the difference from the first run as well. */
export function MetricTable({ compared }: { compared: Compared[] }) {
  const [first] = compared;
  const keys = finalMetrics(compared.map(({ run }) => run.metrics));
  return (
    <ScrollRegion label="Final figures" className="overflow-x-auto">
      <table className="w-full text-sm">
        <thead className="text-muted">
          <tr className="border-b">
            <th scope="col" className="py-1 text-left font-medium">
              Last value
            </th>
            {compared.map(({ run, letter, color }) => (
              <th key={run.id} scope="col" className="px-2 py-1">
                <span className="flex justify-end" title={run.name}>
                  <Letter letter={letter} color={color} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => {
            const summaries = compared.map(({ run }) => ownValue(run.metrics, key));
            const values = summaries.map((summary) => summary?.last ?? null);
            const best = bestOf(summaries);
            return (
              <tr key={key} className="border-b">
                <th scope="row" className="py-1 text-left font-normal">
                  {metricLabel(key)}
                </th>
                {compared.map(({ run }, index) => (
                  <Figure
                    key={run.id}
                    value={values[index] ?? null}
                    base={run === first?.run ? null : (values[0] ?? null)}
                    best={values[index] === best}
                  />
                ))}
              </tr>
            );
          })}
          {FACTS.map(([name, value]) => (
            <tr key={name} className="border-b last:border-0">
              <th scope="row" className="py-1 text-left font-normal text-muted">
                {name}
              </th>
              {compared.map(({ run }) => (
                <td
                  key={run.id}
                  className={cn(
                    "px-2 py-1 text-right font-mono text-xs",
                    first && value(run) !== value(first.run) && "font-semibold text-accent",
                  )}
                >
                  {value(run)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function bestOf(summaries: (MetricSummary | undefined)[]): number | undefined {
  const values = summaries.map((summary) => summary?.last ?? null).filter((value) => value !== null);
  const direction = summaries.find((summary) => summary?.direction)?.direction;
  if (!direction || values.length < 2) return undefined;
  return direction === "minimize" ? Math.min(...values) : Math.max(...values);
}

function Figure({ value, base, best }: { value: number | null; base: number | null; best: boolean }) {
  const difference = value !== null && base !== null ? value - base : null;
  return (
    <td className="whitespace-nowrap px-2 py-1 text-right font-mono text-xs tabular-nums">
      <span title={String(value ?? "")} className={cn(best && "font-semibold")}>
        {formatNumber(value)}
        {best && <span className="sr-only"> (best)</span>}
      </span>
      {difference !== null && (
        <span className="ml-2 text-muted" title={String(difference)}>
          {difference > 0 ? "+" : ""}
          {formatNumber(difference)}
        </span>
      )}
    </td>
  );
}
