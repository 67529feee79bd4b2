import type { ReactNode } from "react";
import { metricLabel } from "@/features/runs/model/metrics";
import { durationText, sharers } from "@/features/runs/model/runs";
import type { Run } from "@/shared/api/types";
import { formatAgo, formatInt, formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { StateBadge } from "@/shared/ui/StateBadge";

export interface RunColumn {
  /** What the server sorts by. */
  key: string;
  title: string;
  /** In pixels; the name takes the rest. */
  width?: number;
  cell: (run: Run) => ReactNode;
  /** Numbers are aligned right. */
  text?: boolean;
}

const together = (run: Run): string | undefined =>
  sharers(run) > 1 ? `${sharers(run)} seeds were trained in one batch in this time` : undefined;

const NAME: RunColumn = { key: "name", title: "Run", text: true, cell: (run) => run.name };
const FIRST: RunColumn[] = [
  { key: "state", title: "State", width: 112, text: true, cell: (run) => <StateBadge state={run.state} /> },
  {
    key: "epoch",
    title: "Epochs",
    width: 148,
    cell: ({ progress: { epoch, epochs, kept_epoch: kept } }) => (
      <span title={kept ? `Values and weights are those of epoch ${kept}, the best one` : undefined}>
        {formatInt(epoch)} / {formatInt(epochs)}
        {kept && `, best ${formatInt(kept)}`}
      </span>
    ),
  },
];
const LAST: RunColumn[] = [
  { key: "seed", title: "Seed", width: 84, cell: (run) => run.seed },
  { key: "parameters", title: "Parameters", width: 108, cell: (run) => formatInt(run.parameters) },
  {
    key: "duration",
    title: "Duration",
    width: 96,
    cell: (run) => <span title={together(run)}>{durationText(run)}</span>,
  },
  {
    key: "created",
    title: "Created",
    width: 104,
    cell: (run) => (
      <time title={new Date(run.created * 1000).toLocaleString()}>{formatAgo(run.created)}</time>
    ),
  },
];

/** The columns of a list of runs with these metrics. */
export function runColumns(metrics: string[]): RunColumn[] {
  return [NAME, ...FIRST, ...metrics.map(metricColumn), ...LAST];
}

function metricColumn(metric: string): RunColumn {
  return {
    key: `metrics.${metric}`,
    title: metricLabel(metric),
    width: 104,
    cell: (run) => {
      const value = ownValue(run.metrics, metric)?.last ?? null;
      return <span title={String(value ?? "")}>{formatNumber(value)}</span>;
    },
  };
}
