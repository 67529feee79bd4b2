/** Sentences and figures about runs. */
import type { Run, RunState } from "@/shared/api/types";
import { formatDuration, formatNumber } from "@/shared/lib/format";
import { stateLabel } from "@/shared/lib/runStates";
import { metricLabel } from "./metrics";

/** States that a run never leaves. */
export const FINAL: readonly RunState[] = ["completed", "stopped", "failed"];

/** Share of the planned steps that is done. */
export function progressShare({ progress }: Run): number {
  return progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
}

/** The metric that best shows how good a run is: of the test, else of the validation, else of the training. */
export function headlineMetric(run: Run): [key: string, value: number | null] | null {
  for (const split of ["test", "val", "train"]) {
    for (const name of ["accuracy", "r2", "loss"]) {
      const summary = run.metrics[`${split}_${name}`];
      if (summary) return [`${split}_${name}`, summary.last];
    }
  }
  return null;
}

/** "Sample regression · seed 0 completed in 12 s: Test R² 0.987". */
export function describeEnd(run: Run): string {
  if (run.state === "failed") return `${run.name} failed: ${run.error?.message ?? ""}`;
  const time = run.duration === null ? "" : ` in ${formatDuration(run.duration)}`;
  const headline = headlineMetric(run);
  const figure = headline ? `: ${metricLabel(headline[0])} ${formatNumber(headline[1])}` : "";
  return `${run.name} ${stateLabel(run.state).toLowerCase()}${time}${figure}`;
}

/** How many runs share this run's time: those that were trained in one batch. */
export const sharers = ({ batch }: Run): number => (batch?.speedup ? batch.size : 1);

/** Whether an earlier version trained it in a seed batch, which changed its values. */
export const isInexact = (run: Run): boolean => sharers(run) > 1 && !run.batch?.exact;

/** "12 s", or "12 s / 10" where ten runs were trained in one batch in that time. */
export function durationText(run: Run): string {
  const text = formatDuration(run.duration);
  return sharers(run) > 1 && run.duration !== null ? `${text} / ${sharers(run)}` : text;
}

/** A list in slices of at most `size` items. */
export function slices<Item>(items: readonly Item[], most: number): Item[][] {
  const count = Math.ceil(items.length / most);
  return Array.from({ length: count }, (_, index) => items.slice(index * most, (index + 1) * most));
}

/** Tags as typed or pasted: by commas, trimmed, each once, without those that are there. */
export function readTags(text: string, there: readonly string[] = []): string[] {
  const typed = text.split(",").map((tag) => tag.trim().slice(0, 200));
  return [...new Set(typed)].filter((tag) => tag !== "" && !there.includes(tag));
}
