import { useQueries } from "@tanstack/react-query";
import { lossNote, targetScaling } from "@/features/runs/model/metrics";
import { readRunGraph } from "@/shared/api/runs";

/** What the losses of these runs are measured on, where it is not the target as in the table. */
export function useLossNote(ids: readonly string[]): string | undefined {
  const graphs = useQueries({
    queries: ids.map((id) => ({
      queryKey: ["run graph", id],
      queryFn: () => readRunGraph(id),
      staleTime: Number.POSITIVE_INFINITY, // the graph of a run never changes
    })),
  });
  return lossNote(graphs.flatMap(({ data }) => (data ? [targetScaling(data)] : [])));
}
