import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useGraph } from "@/features/graph/store/graph";
import { listDeletedGraphs, listGraphs } from "@/shared/api/graphs";
import type { GraphSummary } from "@/shared/api/types";

/** The stored graphs, newest first; asked for again whenever the open one was saved. */
export function useGraphs(): {
  graphs: GraphSummary[];
  pending: boolean;
  error: Error | null;
  refresh: () => Promise<unknown>;
} {
  const saved = useGraph((state) => `${state.graphId}/${state.version}`);
  const queries = useQueryClient();
  const { data, isPending, error, refetch } = useQuery({
    queryKey: ["graphs", "there"],
    queryFn: ({ signal }) => listGraphs(signal),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of `saved` that counts
  useEffect(() => void refetch(), [saved, refetch]);
  const refresh = (): Promise<unknown> => queries.invalidateQueries({ queryKey: ["graphs"] });
  return { graphs: data ?? [], pending: isPending, error, refresh };
}

/** The graphs that were deleted and can be brought back, the last one first. */
export function useDeletedGraphs(): GraphSummary[] {
  const { data } = useQuery({
    queryKey: ["graphs", "deleted"],
    queryFn: ({ signal }) => listDeletedGraphs(signal),
    staleTime: 0,
  });
  return data ?? [];
}
