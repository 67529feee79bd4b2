import { History } from "lucide-react";
import { useMemo, useState } from "react";
import { bringRuns, clearRunFilter, useRunFilter } from "@/features/runs/store/runList";
import { startRun, useRuns } from "@/features/runs/store/runs";
import { useRunList } from "@/features/runs/store/useRunList";
import type { Run } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { useUi } from "@/shared/store/ui";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Comparison } from "./Comparison";
import { ContinueDialog } from "./ContinueDialog";
import { DeleteDialog } from "./DeleteDialog";
import { DescribeDialog } from "./DescribeDialog";
import { FilterBar } from "./FilterBar";
import type { RunAsks } from "./RunRow";
import { RunTable } from "./RunTable";
import { SelectionBar } from "./SelectionBar";
import { TagsDialog } from "./TagsDialog";

type Asked = { about: "describe" | "continue"; run: Run } | { about: "tags" | "delete"; ids: string[] };

/** All runs: find, describe, compare, rerun, delete. */
export function RunsPanel() {
  const [compared, setCompared] = useState<string[]>([]);
  const [asked, setAsked] = useState<Asked | null>(null);
  const selected = useUi((ui) => ui.selectedRunIds);
  const filtered = useRunFilter((store) => Object.keys(store.filter).length > 0);
  const { total, first, metrics, pending, error } = useRunList();
  // Rows keep their props, so that they are not drawn again.
  const asks = useMemo<RunAsks>(
    () => ({
      onDescribe: (run) => setAsked({ about: "describe", run }),
      onDelete: (run) => setAsked({ about: "delete", ids: [run.id] }),
      onContinue: (run) => setAsked({ about: "continue", run }),
    }),
    [],
  );
  const compare = async (): Promise<void> => {
    await bringRuns(selected);
    setCompared(selected);
  };
  if (compared.length > 0) return <Compared ids={compared} onBack={() => setCompared([])} />;
  return (
    <section aria-label="Runs" className="flex min-h-0 grow flex-col">
      <div className="flex shrink-0 items-center gap-2 border-b px-3 py-1.5">
        <FilterBar total={total} />
      </div>
      {selected.length > 0 && (
        <SelectionBar
          ids={selected}
          total={total}
          onTag={() => setAsked({ about: "tags", ids: selected })}
          onDelete={() => setAsked({ about: "delete", ids: selected })}
          onCompare={() => void compare()}
        />
      )}
      {total > 0 ? (
        <RunTable total={total} first={first} metrics={metrics} {...asks} />
      ) : (
        !pending && <NoRuns error={error} filtered={filtered} />
      )}
      <AskedDialog asked={asked} onClose={() => setAsked(null)} />
    </section>
  );
}

function Compared({ ids, onBack }: { ids: string[]; onBack: () => void }) {
  const known = useRuns((store) => store.runs);
  return <Comparison runs={ids.flatMap((id) => ownValue(known, id) ?? [])} onBack={onBack} />;
}

function AskedDialog({ asked, onClose }: { asked: Asked | null; onClose: () => void }) {
  switch (asked?.about) {
    case "describe":
      return <DescribeDialog run={asked.run} onClose={onClose} />;
    case "continue":
      return <ContinueDialog run={asked.run} onClose={onClose} />;
    case "tags":
      return <TagsDialog ids={asked.ids} onClose={onClose} />;
    case "delete":
      return <DeleteDialog ids={asked.ids} onClose={onClose} />;
    default:
      return null;
  }
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
      <EmptyState
        icon={<History />}
        title="No run found"
        action={<Button onClick={clearRunFilter}>Clear all filters</Button>}
      >
        No run matches this search and these filters.
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
      Every run is listed here with its curves, figures and weights.
    </EmptyState>
  );
}
