import { ArrowUpToLine, ListOrdered, X } from "lucide-react";
import { progressShare } from "@/features/runs/model/runs";
import { cancelRun, moveToFront, showRunsOf } from "@/features/runs/store/runList";
import { useRuns } from "@/features/runs/store/runs";
import { useQueue } from "@/features/runs/store/useQueue";
import { showStoredRun } from "@/features/storage/store/storage";
import type { RunQueue } from "@/shared/api/types";
import { formatDuration, formatInt, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { IconButton } from "@/shared/ui/IconButton";
import { ProgressBar } from "@/shared/ui/ProgressBar";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { StateBadge } from "@/shared/ui/StateBadge";
import { Obstacle } from "./Obstacle";

const MOST_SHOWN = 50;

/** Which runs are training, by device, and which are waiting, in which order and why. */
export function Queue({ onLeave }: { onLeave: () => void }) {
  const { queue, error } = useQueue();
  if (error)
    return (
      <EmptyState icon={<ListOrdered />} title="The queue is not available">
        {error.message}
      </EmptyState>
    );
  if (!queue) return <p className="p-4 text-center text-muted">Reading the queue…</p>;
  const idle = queue.waiting.length === 0 && queue.devices.every(({ runs }) => runs.length === 0);
  if (idle)
    return (
      <EmptyState icon={<ListOrdered />} title="Nothing is training or waiting">
        {queue.obstacle ?? "A run that is started trains at once."}
      </EmptyState>
    );
  return (
    <ScrollRegion label="Queue" className="overflow-y-auto p-3">
      {queue.obstacle && <Obstacle reason={queue.obstacle} className="mb-3" />}
      {queue.devices.map(({ device, slots, runs }) => (
        <section key={device} aria-label={`Training on ${device}`} className="mb-3">
          <h2 className="flex justify-between font-medium text-sm">
            Training on {device}
            <span className="font-normal text-muted">
              {formatInt(runs.length)} of {plural(slots, "slot")} in use
            </span>
          </h2>
          <ul>
            {runs.map((id) => (
              <Training key={id} id={id} name={ownValue(queue.names, id) ?? id} onLeave={onLeave} />
            ))}
          </ul>
        </section>
      ))}
      {queue.waiting.length > 0 && <Waiting queue={queue} onLeave={onLeave} />}
    </ScrollRegion>
  );
}

interface QueueRowProps {
  id: string;
  name: string;
  onLeave: () => void;
}

function Training({ id, name, onLeave }: QueueRowProps) {
  const run = useRuns((state) => ownValue(state.runs, id));
  return (
    <li className="flex flex-col gap-1 border-b py-1.5 last:border-0">
      <div className="flex items-center gap-1.5">
        <Name id={id} name={name} onLeave={onLeave} />
        {run && run.state !== "running" && <StateBadge state={run.state} />}
        <IconButton size="sm" label={`Stop ${name}`} onClick={() => void cancelRun(id)}>
          <X />
        </IconButton>
      </div>
      {run && (
        <div className="flex items-center gap-2 text-muted text-xs tabular-nums">
          <div className="grow">
            <ProgressBar share={progressShare(run)} label={`Progress of ${name}`} />
          </div>
          {Math.floor(progressShare(run) * 100)} %
          {run.state === "running" && run.progress.seconds_left !== null && (
            <span>{formatDuration(run.progress.seconds_left)} left</span>
          )}
        </div>
      )}
    </li>
  );
}

function Waiting({ queue, onLeave }: { queue: RunQueue; onLeave: () => void }) {
  const { waiting, names } = queue;
  const more = waiting.length - MOST_SHOWN;
  return (
    <section aria-label="Waiting">
      <h2 className="font-medium text-sm">Waiting, in this order</h2>
      {!queue.obstacle && <p className="text-muted text-sm">{waiting[0]?.reason}</p>}
      <ol>
        {waiting.slice(0, MOST_SHOWN).map(({ run, position }) => (
          <QueuedRun
            key={run}
            id={run}
            position={position}
            name={ownValue(names, run) ?? run}
            onLeave={onLeave}
          />
        ))}
      </ol>
      {more > 0 && (
        <Button
          size="sm"
          variant="ghost"
          onClick={() => {
            showRunsOf({ state: "queued" });
            onLeave();
          }}
        >
          And {formatInt(more)} more in the list of runs
        </Button>
      )}
    </section>
  );
}

function QueuedRun({ id, position, name, onLeave }: QueueRowProps & { position: number }) {
  // A paused run that is to resume keeps its position.
  const movable = useRuns((state) => (ownValue(state.runs, id)?.state ?? "queued") === "queued");
  return (
    <li className="flex items-center gap-1.5 border-b py-0.5 last:border-0">
      <span className="w-6 shrink-0 text-right text-muted text-sm tabular-nums">{position}.</span>
      <Name id={id} name={name} onLeave={onLeave} />
      {position > 1 && movable && (
        <IconButton size="sm" label={`Start ${name} next`} onClick={() => void moveToFront(id)}>
          <ArrowUpToLine />
        </IconButton>
      )}
      <IconButton size="sm" label={`Cancel ${name}`} onClick={() => void cancelRun(id)}>
        <X />
      </IconButton>
    </li>
  );
}

function Name({ id, name, onLeave }: QueueRowProps) {
  return (
    <button
      type="button"
      title={name}
      onClick={() => {
        onLeave();
        void showStoredRun(id);
      }}
      className="h-6 min-w-0 grow truncate rounded text-left hover:underline"
    >
      {name}
    </button>
  );
}
