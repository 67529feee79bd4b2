import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Run, RunState } from "@/api/types";
import { findRuns } from "@/store/runList";
import { useRuns } from "@/store/runs";

interface RunList {
  runs: Run[];
  /** How many there are in all, shown or not. */
  total: number;
  pending: boolean;
  error: Error | null;
}

/** Runs that fit a search and a state, the newest first; each as fresh as its last event. */
export function useRunList(
  search: string,
  state: RunState | undefined,
  starred: boolean,
  limit: number,
): RunList {
  const revision = useRuns((store) => store.revision);
  const known = useRuns((store) => store.runs);
  const { data, isPending, error } = useQuery({
    queryKey: ["runs", search, state, starred, limit, revision],
    queryFn: () => findRuns(search, state, starred, limit),
    placeholderData: keepPreviousData,
    // Every revision is a key of its own; the old ones are of no use.
    gcTime: 0,
  });
  const runs = useMemo(() => (data?.ids ?? []).flatMap((id) => known[id] ?? []), [data, known]);
  return { runs, total: data?.total ?? 0, pending: isPending, error };
}
