import { LineChart } from "lucide-react";
import { useState } from "react";
import { metricLabel } from "@/features/runs/model/metrics";
import type { TableRow } from "@/features/studies/model/studyTable";
import { useStudyCurves } from "@/features/studies/store/useStudies";
import type { Study, StudyCurves, StudyResults } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Select } from "@/shared/ui/fields/Select";
import { Switch } from "@/shared/ui/fields/Switch";
import { BandChart } from "./BandChart";
import { type Arm, BandLegend, LINE_LOOKS } from "./BandLegend";
import { PlotCard, type PlotData } from "./PlotCard";
import { curveMetrics, firstCurve } from "./points";

/** How many are drawn by default. */
const FIRST = 6;
/** Metrics that are read against 1 or may be negative have no log scale. */
const LINEAR = /(r2|accuracy)$/;

interface CurvePlotProps {
  study: Study;
  results: StudyResults;
  /** Only these variants, by key; the colours follow them. */
  only?: readonly string[];
}

/** A metric over the epochs of each variant: the mean of its runs, with one sd around it. */
export function CurvePlot({ study, results, only }: CurvePlotProps) {
  const metrics = curveMetrics(results);
  const [chosen, setChosen] = useState<string | null>(null);
  const metric = chosen ?? firstCurve(metrics, study.plan.metric);
  const [log, setLog] = useState(true);
  const [hidden, setHidden] = useState<ReadonlySet<string> | null>(null);
  const [epoch, setEpoch] = useState<number | null>(null);
  const curves = useStudyCurves(study.id, metric);
  const arms: Arm[] = rowsOf(results, only).flatMap(({ key, label }, index) => {
    const points = ownValue(curves?.variants, key) ?? [];
    const look = LINE_LOOKS[index % LINE_LOOKS.length];
    return points.length > 0 && look ? { key, label, points, ...look } : [];
  });
  const off = hidden ?? new Set(arms.slice(FIRST).map(({ key }) => key));
  const toggle = (key: string): void => {
    const next = new Set(off);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  return (
    <PlotCard
      title="Learning curves"
      note="The mean over the seeds, with one sd around it."
      data={() => figures(arms, curves)}
      actions={
        <>
          {!LINEAR.test(metric) && (
            // biome-ignore lint/a11y/noLabelWithoutControl: the switch is inside
            <label className="flex items-center gap-1.5 text-muted text-sm">
              <Switch checked={log} onChange={setLog} label="Log scale" /> Log scale
            </label>
          )}
          <span className="w-44">
            <Select
              label="Metric of the curves"
              value={metric}
              onChange={setChosen}
              options={metrics.map((value) => ({ value, label: metricLabel(value) }))}
            />
          </span>
        </>
      }
    >
      {arms.length === 0 ? (
        <EmptyState icon={<LineChart />} title={curves ? "No curve yet" : "Loading curves"}>
          The first curve appears with the first run.
        </EmptyState>
      ) : (
        <>
          <BandChart
            arms={arms.filter(({ key }) => !off.has(key))}
            log={log && !LINEAR.test(metric)}
            epoch={epoch}
            onEpoch={setEpoch}
          />
          <BandLegend arms={arms} off={off} epoch={epoch} onToggle={toggle} />
        </>
      )}
    </PlotCard>
  );
}

function rowsOf({ baseline, variants }: StudyResults, only?: readonly string[]): TableRow[] {
  const rows = [baseline, ...variants];
  return only ? only.flatMap((key) => rows.find((row) => row.key === key) ?? []) : rows;
}

function figures(arms: Arm[], curves: StudyCurves | undefined): PlotData {
  return {
    head: ["Variant", "Epoch", curves ? metricLabel(curves.metric) : "Mean", "Low", "High", "Runs"],
    rows: arms.flatMap(({ label, points }) =>
      points.map(({ epoch, mean, low, high, n }) => [label, epoch, mean, low, high, n]),
    ),
  };
}
