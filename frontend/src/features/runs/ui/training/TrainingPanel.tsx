import { Activity } from "lucide-react";
import { Suspense, useState } from "react";
import { activeRun, isEnded, startRun, useRuns } from "@/features/runs/store/runs";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { lazyNamed } from "@/shared/ui/lazyNamed";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { CurveGrid } from "./CurveGrid";
import { RunSummary } from "./RunSummary";
import { TestFigures } from "./TestFigures";

const Results = lazyNamed(() => import("./Results"), "Results");

/** The selected run: progress, live curves and, when it has ended, its results. */
export function TrainingPanel() {
  const run = useRuns(activeRun);
  const pinnedRun = useRuns((state) => state.runs);
  const [pinned, setPinned] = useState<string | null>(null);
  if (!run) {
    return (
      <EmptyState
        icon={<Activity />}
        title="Nothing has been trained yet"
        action={
          <Button variant="primary" onClick={() => void startRun()}>
            Run this graph
          </Button>
        }
      >
        Curves and results of a run appear here while it trains.
      </EmptyState>
    );
  }
  const other = pinned !== null && pinned !== run.id ? ownValue(pinnedRun, pinned) : undefined;
  const shown = [run, ...(other ? [other] : [])].map(({ id, name }) => ({ id, name }));
  return (
    <ScrollRegion label="Training" className="min-h-0 grow overflow-y-auto">
      <div className="flex items-start gap-4 p-3">
        <RunSummary run={run} pinned={pinned} onPin={setPinned} />
        <div className="flex min-w-0 grow flex-col gap-2.5">
          <TestFigures run={run} />
          <CurveGrid runs={shown} />
          {isEnded(run) && (
            <Suspense fallback={null}>
              <Results key={`${run.id} ${run.state}`} run={run} />
            </Suspense>
          )}
        </div>
      </div>
    </ScrollRegion>
  );
}
