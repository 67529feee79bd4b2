import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useGraph } from "@/features/graph/store/graph";
import { listDeletedGraphs, listGraphs } from "@/shared/api/graphs";
import type { GraphSummary } from "@/shared/api/types";

/** Return the stored graphs, newest first; refetched whenever the open one is saved. */
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: refetch when `saved` changes
  useEffect(() => void refetch(), [saved, refetch]);
  const refresh = (): Promise<unknown> => queries.invalidateQueries({ queryKey: ["graphs"] });
  return { graphs: data ?? [], pending: isPending, error, refresh };
}

/** Return the deleted graphs that can be restored, the last one first. */
export function useDeletedGraphs(): GraphSummary[] {
  const { data } = useQuery({
    queryKey: ["graphs", "deleted"],
    queryFn: ({ signal }) => listDeletedGraphs(signal),
    staleTime: 0,
  });
  return data ?? [];
}
