import { HardDrive, Star } from "lucide-react";
import { useState } from "react";
import { showStoredRun } from "@/features/storage/store/storage";
import type { RunUsage } from "@/shared/api/types";
import { formatAgo, formatBytes } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { StateBadge } from "@/shared/ui/StateBadge";

const FIRST = 5;

/** The runs that take the most space; a click shows one. */
export function LargestRuns({ runs }: { runs: RunUsage[] }) {
  const [all, setAll] = useState(false);
  if (runs.length === 0) {
    return (
      <EmptyState icon={<HardDrive />} title="No run takes space yet">
        Checkpoints and weights appear with the first run.
      </EmptyState>
    );
  }
  return (
    <section aria-label="Largest runs" className="flex flex-col gap-1">
      <table className="w-full table-fixed text-sm">
        <thead className="text-left text-muted">
          <tr className="border-b">
            <th scope="col" className="h-7 font-medium">
              Largest runs
            </th>
            <th scope="col" className="w-28 font-medium">
              State
            </th>
            <th scope="col" className="w-24 font-medium">
              Ended
            </th>
            <th scope="col" className="w-24 text-right font-medium">
              Checkpoints
            </th>
            <th scope="col" className="w-24 text-right font-medium">
              In all
            </th>
          </tr>
        </thead>
        <tbody>
          {(all ? runs : runs.slice(0, FIRST)).map((run) => (
            <Row key={run.id} run={run} />
          ))}
        </tbody>
      </table>
      {runs.length > FIRST && (
        <Button size="sm" variant="ghost" className="self-start" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show ${runs.length - FIRST} more`}
        </Button>
      )}
    </section>
  );
}

function Row({ run }: { run: RunUsage }) {
  const shared =
    run.shared_bytes > 0 ? `${formatBytes(run.shared_bytes)} of it is shared with another run` : undefined;
  return (
    <tr className="border-b last:border-0 hover:bg-raised">
      <th scope="row" className="pr-3 text-left font-normal">
        <span className="flex items-center gap-1.5">
          <button
            type="button"
            title={run.name}
            onClick={() => void showStoredRun(run.id)}
            className="h-7 min-w-0 truncate rounded text-left hover:underline"
          >
            {run.name}
          </button>
          {run.starred && (
            <Star aria-label="Starred" className="size-3.5 shrink-0 fill-current text-warning" />
          )}
        </span>
      </th>
      <td>
        <StateBadge state={run.state} />
      </td>
      <td className="text-muted">{run.ended === null ? "–" : formatAgo(run.ended)}</td>
      <td className="text-right font-mono text-xs tabular-nums">{formatBytes(run.checkpoint_bytes)}</td>
      <td className="text-right font-mono text-xs tabular-nums" title={shared}>
        {formatBytes(run.bytes)}
      </td>
    </tr>
  );
}
