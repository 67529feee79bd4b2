import { useEffect } from "react";
import { progressShare } from "@/features/runs/model/runs";
import { followRuns, liveRun, useRuns } from "@/features/runs/store/runs";
import { followSystem } from "@/shared/store/system";

/** Follow runs and machine while the page is open; the tab's title shows a run's progress. */
export function useLive(): void {
  useEffect(followRuns, []);
  useEffect(followSystem, []);
  const share = useRuns((state) => {
    const run = liveRun(state);
    return run ? Math.floor(progressShare(run) * 100) : null;
  });
  useEffect(() => {
    document.title = share === null ? "VisDL" : `${share} % · VisDL`;
  }, [share]);
}
