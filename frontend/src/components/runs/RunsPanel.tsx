import { GitCompareArrows, History, Star } from "lucide-react";
import { useState } from "react";
import type { Run, RunState } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { EmptyState } from "@/components/ui/EmptyState";
import { IconButton } from "@/components/ui/IconButton";
import { SearchField } from "@/components/ui/SearchField";
import { Select } from "@/components/ui/Select";
import { useRunList } from "@/hooks/useRunList";
import { cn } from "@/lib/cn";
import { formatInt, plural } from "@/lib/format";
import { RUN_STATES, stateLabel } from "@/lib/runs";
import { removeRuns } from "@/store/runList";
import { startRun, useRuns } from "@/store/runs";
import { selectRuns, useUi } from "@/store/ui";
import { Comparison } from "./Comparison";
import { ContinueDialog } from "./ContinueDialog";
import { RunTable } from "./RunTable";

const PAGE = 100;
const ANY = "any";
const STATE_OPTIONS = [
  { value: ANY, label: "Any state" },
  ...RUN_STATES.map((value) => ({ value, label: stateLabel(value) })),
];

/** All runs that were ever made: find, compare, run again, delete. */
export function RunsPanel() {
  const [search, setSearch] = useState("");
  const [state, setState] = useState<RunState | typeof ANY>(ANY);
  const [starred, setStarred] = useState(false);
  const [limit, setLimit] = useState(PAGE);
  const [comparing, setComparing] = useState(false);
  const [longer, setLonger] = useState<Run | null>(null);
  const [doomed, setDoomed] = useState<Run[]>([]);
  const selected = useUi((ui) => ui.selectedRunIds);
  const known = useRuns((store) => store.runs);
  const { runs, total, pending, error } = useRunList(
    search.trim(),
    state === ANY ? undefined : state,
    starred,
    limit,
  );

  const chosen = selected.flatMap((id) => known[id] ?? []);
  if (comparing && chosen.length >= 2) return <Comparison runs={chosen} onBack={() => setComparing(false)} />;
  const filtered = search.trim() !== "" || state !== ANY || starred;
  return (
    <section aria-label="Runs" className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b px-3 py-1.5">
        <div className="w-56">
          <SearchField label="Search runs" value={search} onChange={setSearch} />
        </div>
        <div className="w-36">
          <Select
            label="State"
            value={state}
            onChange={(value) => setState(value as RunState | typeof ANY)}
            options={STATE_OPTIONS}
          />
        </div>
        <IconButton label="Only starred runs" active={starred} onClick={() => setStarred(!starred)}>
          <Star className={cn(starred && "fill-current text-warning")} />
        </IconButton>
        <span className="text-muted text-sm">{plural(total, "run")}</span>
        <span className="grow" />
        {chosen.length > 0 && (
          <>
            <span className="text-muted text-sm">
              {chosen.length === 1 ? "Choose another run to compare" : `${formatInt(chosen.length)} chosen`}
            </span>
            <Button size="sm" variant="ghost" onClick={() => selectRuns([])}>
              Clear
            </Button>
            <Button size="sm" onClick={() => setDoomed(chosen)}>
              Delete
            </Button>
          </>
        )}
        <Button size="sm" variant="primary" disabled={chosen.length < 2} onClick={() => setComparing(true)}>
          <GitCompareArrows aria-hidden className="size-3.5" /> Compare
        </Button>
      </div>
      {runs.length > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section aria-label="List of runs" tabIndex={0} className="min-h-0 grow overflow-auto">
          <RunTable runs={runs} onDelete={(run) => setDoomed([run])} onContinue={setLonger} />
          {runs.length < total && (
            <div className="flex justify-center p-2">
              <Button size="sm" onClick={() => setLimit(limit + PAGE)}>
                Show more of {formatInt(total)}
              </Button>
            </div>
          )}
        </section>
      ) : (
        !pending && <NoRuns error={error} filtered={filtered} />
      )}
      <DeleteDialog runs={doomed} onClose={() => setDoomed([])} />
      {longer && <ContinueDialog run={longer} onClose={() => setLonger(null)} />}
    </section>
  );
}

function NoRuns({ error, filtered }: { error: Error | null; filtered: boolean }) {
  if (error)
    return (
      <EmptyState icon={<History />} title="Runs are not available">
        {error.message}
      </EmptyState>
    );
  if (filtered)
    return (
      <EmptyState icon={<History />} title="No run found">
        No run fits this search and these filters.
      </EmptyState>
    );
  return (
    <EmptyState
      icon={<History />}
      title="No run yet"
      action={
        <Button variant="primary" onClick={() => void startRun()}>
          Run this graph
        </Button>
      }
    >
      Every run is kept here with its curves, figures and weights.
    </EmptyState>
  );
}

function DeleteDialog({ runs, onClose }: { runs: Run[]; onClose: () => void }) {
  const [first] = runs;
  const what = runs.length === 1 ? `“${first?.name}”` : plural(runs.length, "run");
  return (
    <Dialog
      open={runs.length > 0}
      onOpenChange={onClose}
      title={`Delete ${what}?`}
      description="Curves, figures, checkpoints and weights are deleted for good. A run that trains must be stopped first."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="danger"
            onClick={() => {
              void removeRuns(runs.map((run) => run.id));
              onClose();
            }}
          >
            {runs.length === 1 ? "Delete run" : `Delete ${plural(runs.length, "run")}`}
          </Button>
        </>
      }
    />
  );
}
