import { CircleAlert, Pencil, Pin, PinOff } from "lucide-react";
import { useState } from "react";
import { showProblem } from "@/features/graph/store/editing";
import { isInexact, progressShare, sharers } from "@/features/runs/model/runs";
import { moveToFront } from "@/features/runs/store/runList";
import { isEnded, showRun, useRuns } from "@/features/runs/store/runs";
import { useQueue } from "@/features/runs/store/useQueue";
import type { Run } from "@/shared/api/types";
import { formatCount, formatDuration, formatInt, formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Select } from "@/shared/ui/fields/Select";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { StateBadge } from "@/shared/ui/StateBadge";
import { DescribeDialog } from "../DescribeDialog";
import { Obstacle } from "../Obstacle";
import { TagChips } from "../TagChips";

interface RunSummaryProps {
  run: Run;
  pinned: string | null;
  onPin: (id: string | null) => void;
}

/** A run's progress, its speed, and what went wrong. */
export function RunSummary({ run, pinned, onPin }: RunSummaryProps) {
  const runs = useRuns((state) => state.runs);
  const newest = Object.values(runs)
    .sort((a, b) => b.created - a.created)
    .slice(0, 50);
  const choices = newest.includes(run) ? newest : [run, ...newest];
  const { progress } = run;
  return (
    <section aria-label="Run" className="flex w-60 shrink-0 flex-col gap-2">
      <Select
        label="Run"
        value={run.id}
        onChange={(id) => void showRun(id)}
        options={choices.map((item) => ({ value: item.id, label: item.name }))}
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
        {progress.kept_epoch && (
          <>
            <dt>Best epoch, kept</dt>
            <dd>{formatInt(progress.kept_epoch)}</dd>
          </>
        )}
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
        <Batched run={run} />
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
      {(run.state === "queued" || run.recovery.resuming) && <Waiting run={run} />}
      {!isEnded(run) && <Held run={run} />}
      <Notices run={run} />
      {run.error && <Failure run={run} />}
      <Described run={run} />
    </section>
  );
}

/** What the user wrote about a run. */
function Described({ run }: { run: Run }) {
  const [editing, setEditing] = useState(false);
  return (
    <div className="flex flex-col gap-1 text-sm">
      {run.tags.length > 0 && (
        <div className="flex flex-wrap gap-x-1">
          <TagChips tags={run.tags} most={run.tags.length} />
        </div>
      )}
      {run.note && (
        <p className="max-h-24 overflow-y-auto whitespace-pre-wrap break-words rounded-md bg-raised p-2">
          {run.note}
        </p>
      )}
      <Button size="sm" variant="ghost" className="self-start" onClick={() => setEditing(true)}>
        <Pencil aria-hidden className="size-3.5" /> Name, tags and note…
      </Button>
      {editing && <DescribeDialog run={run} onClose={() => setEditing(false)} />}
    </div>
  );
}

/** Why what a run reports cannot be stored now. */
function Held({ run }: { run: Run }) {
  const { queue } = useQueue();
  return queue?.obstacle && queue.held.includes(run.id) ? <Obstacle reason={queue.obstacle} /> : null;
}

/** What a queued run waits for, and its position. */
function Waiting({ run }: { run: Run }) {
  const runs = useRuns((state) => state.runs);
  const { queue } = useQueue();
  const mine = queue?.waiting.find((waiting) => waiting.run === run.id);
  if (!queue || !mine) return null;
  const before = queue.devices.flatMap((device) => device.runs).map((id) => ownValue(queue.names, id) ?? id);
  const paused = queue.devices.some((device) =>
    device.runs.some((id) => ownValue(runs, id)?.state === "paused"),
  );
  return (
    <div className="flex flex-col gap-1 rounded-md bg-warning-soft p-2 text-sm">
      <p>
        {mine.position === 1 ? "Next to start." : `Number ${formatInt(mine.position)} in the queue.`}{" "}
        {mine.reason}
      </p>
      {before.length > 0 && <p className="break-words text-muted">Training: {before.join(", ")}.</p>}
      {paused && <p>A paused run keeps its slot for some minutes. Resume or stop it to free the slot now.</p>}
      {mine.position > 1 && run.state === "queued" && (
        <Button size="sm" className="self-start" onClick={() => void moveToFront(run.id)}>
          Start it next
        </Button>
      )}
    </div>
  );
}

const RELATIONS = {
  rerun: "Rerun of",
  extended: "Continues",
  weights: "Initialised with the weights of",
} as const;

/** With how many seeds it was trained as a batch, and whether that has changed its values. */
function Batched({ run }: { run: Run }) {
  if (sharers(run) === 1) return null;
  return (
    <>
      <dt>Batched seeds</dt>
      <dd>
        {sharers(run)} seeds, {formatNumber(run.batch?.speedup)}× as fast
      </dd>
      {isInexact(run) && (
        <dd className="col-span-2 rounded-md bg-warning-soft p-2 text-left! font-sans!">
          An earlier version batched these seeds. Values differ from those of a separate run: slightly, or
          noticeably after many epochs. Run it again to get those.
        </dd>
      )}
    </>
  );
}

/** Which run this one was made from, and what has changed since then. */
function Notices({ run }: { run: Run }) {
  const parent = useRuns((state) => (run.parent === null ? undefined : ownValue(state.runs, run.parent)));
  if (!run.relation) return null;
  return (
    <div className="text-sm">
      <p className="text-muted">
        {RELATIONS[run.relation]}{" "}
        {parent ? (
          <button
            type="button"
            className="break-words text-left font-medium text-text underline underline-offset-2"
            onClick={() => void showRun(parent.id)}
          >
            {parent.name}
          </button>
        ) : (
          "a run that is not in the list"
        )}
        .
      </p>
      {run.notices.map((notice) => (
        <p key={notice} className="mt-1 rounded-md bg-warning-soft p-2">
          {notice}
        </p>
      ))}
    </div>
  );
}

function Failure({ run }: { run: Run }) {
  if (!run.error) return null;
  const { message, hint, node, log } = run.error;
  return (
    <div role="alert" className="flex gap-2 rounded-md bg-danger-soft p-2 text-sm">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <div className="min-w-0">
        <p className="break-words">{message}</p>
        {hint && <p className="mt-0.5 text-muted">{hint}</p>}
        {log.length > 0 && (
          <details className="mt-1">
            <summary className="cursor-pointer text-muted">Last output</summary>
            <pre className="mt-1 max-h-40 overflow-auto whitespace-pre-wrap break-words font-mono text-xs">
              {log.join("\n")}
            </pre>
          </details>
        )}
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
