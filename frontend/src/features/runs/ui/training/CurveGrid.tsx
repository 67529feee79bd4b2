import { LineChart } from "lucide-react";
import { useState } from "react";
import { metricGroups, metricLabel } from "@/features/runs/model/metrics";
import { curvesOf } from "@/features/runs/store/series";
import { useCurves } from "@/features/runs/store/useCurves";
import { useLossNote } from "@/features/runs/store/useLossNote";
import { ownValue } from "@/shared/lib/ownValue";
import { RUN_COLORS } from "@/shared/lib/runColors";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Switch } from "@/shared/ui/fields/Switch";
import type { Curve } from "./Chart";
import { ChartCard } from "./ChartCard";

export interface ShownRun {
  id: string;
  name: string;
}

const SPLIT_COLORS: Record<string, string> = {
  batch: "--wire-scalar",
  train: "--accent",
  val: "--wire-layer",
};

/** Metrics that are read against 1 or may be negative have no log scale. */
const LINEAR = new Set(["r2", "accuracy"]);

/** One chart per metric: for one run training and validation, for several their best split. */
export function CurveGrid({ runs, height = 150 }: { runs: ShownRun[]; height?: number }) {
  useCurves();
  const lossNote = useLossNote(runs.map((run) => run.id));
  // A loss falls by orders of magnitude: on a linear axis its first value flattens the rest.
  const [log, setLog] = useState(true);
  const [smoothing, setSmoothing] = useState(0);
  const keys = new Set(runs.flatMap((run) => [...curvesOf(run.id).keys()]));
  const groups = metricGroups(keys);
  if (groups.length === 0) {
    return (
      <EmptyState icon={<LineChart />} title="No curve yet">
        The first values come with the first optimizer steps.
      </EmptyState>
    );
  }
  return (
    <div className="flex min-w-0 grow flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-4 text-muted text-sm">
        {/* biome-ignore lint/a11y/noLabelWithoutControl: the switch is inside */}
        <label className="flex items-center gap-1.5">
          <Switch checked={log} onChange={setLog} label="Log scale" /> Log scale
        </label>
        <label className="flex items-center gap-2">
          Smoothing
          <input
            type="range"
            min={0}
            max={0.98}
            step={0.02}
            value={smoothing}
            onChange={(event) => setSmoothing(Number(event.target.value))}
            className="h-6 w-28 accent-accent"
          />
          <output className="w-8 font-mono text-xs tabular-nums">
            {smoothing === 0 ? "off" : smoothing.toFixed(2)}
          </output>
        </label>
        <span className="text-xs">Drag to zoom, double-click to see all.</span>
      </div>
      <div
        className="grid gap-2"
        style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(330px, 100%), 1fr))" }}
      >
        {groups.map((group) => (
          <ChartCard
            key={group.name}
            title={metricLabel(group.name)}
            note={group.name === "loss" ? lossNote : undefined}
            curves={runs.length === 1 ? ofOne(runs, group.keys) : ofSeveral(runs, group.keys)}
            log={log && !LINEAR.has(group.name)}
            smoothing={group.name === "lr" ? 0 : smoothing}
            height={height}
          />
        ))}
      </div>
    </div>
  );
}

function ofOne(runs: ShownRun[], keys: string[]): Curve[] {
  return runs.flatMap((run) =>
    keys.map((key) => {
      const split = key.split("_")[0] ?? "";
      return {
        run: run.id,
        key,
        label: ownValue({ batch: "Batch", train: "Training", val: "Validation" }, split) ?? metricLabel(key),
        color: ownValue(SPLIT_COLORS, split) ?? "--accent",
        faint: split === "batch",
      };
    }),
  );
}

/** Runs side by side: solid for validation, dashed for training. */
function ofSeveral(runs: ShownRun[], keys: string[]): Curve[] {
  return runs.flatMap((run, index) =>
    keys
      .filter((key) => key !== "batch_loss")
      .map((key) => ({
        run: run.id,
        key,
        label: `${run.name} · ${metricLabel(key)}`,
        color: RUN_COLORS[index % RUN_COLORS.length] ?? "--accent",
        dashed: key.startsWith("train"),
      })),
  );
}
