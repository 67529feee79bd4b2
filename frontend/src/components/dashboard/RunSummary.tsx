import { CircleAlert, Pin, PinOff } from "lucide-react";
import type { Run } from "@/api/types";
import { StateBadge } from "@/components/runs/StateBadge";
import { Button } from "@/components/ui/Button";
import { ProgressBar } from "@/components/ui/ProgressBar";
import { Select } from "@/components/ui/Select";
import { formatCount, formatDuration, formatInt } from "@/lib/format";
import { LIVE, progressShare, stateLabel } from "@/lib/runs";
import { showProblem } from "@/store/editing";
import { isEnded, showRun, useRuns } from "@/store/runs";

interface RunSummaryProps {
  run: Run;
  pinned: string | null;
  onPin: (id: string | null) => void;
}

/** How far a run is, how fast, and what went wrong. */
export function RunSummary({ run, pinned, onPin }: RunSummaryProps) {
  const runs = useRuns((state) => state.runs);
  const newest = Object.values(runs)
    .sort((a, b) => b.created - a.created)
    .slice(0, 50);
  const { progress } = run;
  return (
    <section aria-label="Run" className="flex w-60 shrink-0 flex-col gap-2">
      <Select
        label="Run that is shown"
        value={run.id}
        onChange={(id) => void showRun(id)}
        options={newest.map((item) => ({ value: item.id, label: item.name }))}
      />
      <div className="flex items-center gap-2">
        <StateBadge state={run.state} />
        <Button
          size="sm"
          variant="ghost"
          className="ml-auto"
          onClick={() => onPin(pinned === run.id ? null : run.id)}
        >
          {pinned === run.id ? (
            <PinOff aria-hidden className="size-3.5" />
          ) : (
            <Pin aria-hidden className="size-3.5" />
          )}
          {pinned === run.id ? "Unpin" : "Pin to compare"}
        </Button>
      </div>
      <ProgressBar share={progressShare(run)} label={`Progress of ${run.name}`} />
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5 text-sm [&_dd]:text-right [&_dd]:font-mono [&_dd]:tabular-nums [&_dt]:text-muted">
        <dt>Epoch</dt>
        <dd data-testid="epoch">
          {formatInt(progress.epoch)} / {formatInt(progress.epochs)}
        </dd>
        <dt>Step</dt>
        <dd>
          {formatInt(progress.step)} / {formatInt(progress.steps)}
        </dd>
        <dt>Samples/s</dt>
        <dd>{formatCount(progress.samples_per_second)}</dd>
        <dt>{isEnded(run) ? "Duration" : "Time left"}</dt>
        <dd>
          {formatDuration(
            isEnded(run) ? run.duration : run.state === "paused" ? null : progress.seconds_left,
          )}
        </dd>
        <dt>Parameters</dt>
        <dd>{formatInt(run.parameters)}</dd>
        <dt>Device</dt>
        <dd>
          {run.device
            ? `${run.device}${run.threads ? ` · ${run.threads} thread${run.threads > 1 ? "s" : ""}` : ""}`
            : "–"}
        </dd>
        <dt>Seed</dt>
        <dd>{run.seed}</dd>
      </dl>
      {run.state === "queued" && <Waiting run={run} />}
      {run.error && <Failure run={run} />}
    </section>
  );
}

/** What a queued run waits for. */
function Waiting({ run }: { run: Run }) {
  const before = useRuns((state) =>
    Object.values(state.runs).find((other) => other.id !== run.id && LIVE.includes(other.state)),
  );
  if (!before) return null;
  return (
    <p className="rounded-md bg-warning-soft p-2 text-sm">
      Waits for “{before.name}”, which is {stateLabel(before.state).toLowerCase()}.
      {before.state === "paused" && " Resume or stop it to go on."}
    </p>
  );
}

function Failure({ run }: { run: Run }) {
  if (!run.error) return null;
  const { message, hint, node } = run.error;
  return (
    <div role="alert" className="flex gap-2 rounded-md bg-danger-soft p-2 text-sm">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <div className="min-w-0">
        <p className="break-words">{message}</p>
        {hint && <p className="mt-0.5 text-muted">{hint}</p>}
        {node && (
          <button
            type="button"
            className="mt-0.5 h-6 font-medium underline underline-offset-2"
            onClick={() => showProblem(node, "logs")}
          >
            Show the node
          </button>
        )}
      </div>
    </div>
  );
}
