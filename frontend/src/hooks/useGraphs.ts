import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { listGraphs } from "@/api/graphs";
import type { GraphSummary } from "@/api/types";
import { useGraph } from "@/store/graph";

/** The stored graphs, newest first; asked for again whenever the open one was saved. */
export function useGraphs(): {
  graphs: GraphSummary[];
  pending: boolean;
  error: Error | null;
  refresh: () => Promise<unknown>;
} {
  const saved = useGraph((state) => `${state.graphId}/${state.version}`);
  const { data, isPending, error, refetch } = useQuery({
    queryKey: ["graphs"],
    queryFn: ({ signal }) => listGraphs(signal),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of `saved` that counts
  useEffect(() => void refetch(), [saved, refetch]);
  return { graphs: data ?? [], pending: isPending, error, refresh: refetch };
}
