import { useQuery } from "@tanstack/react-query";
import { listArtifacts, readPredictions } from "@/shared/api/runs";
import type { Artifact, Predictions } from "@/shared/api/types";

/** The results of a run that has ended. */
export function useRunResults(id: string): {
  predictions: Predictions | null;
  artifacts: Artifact[];
  pending: boolean;
} {
  const { data, isPending } = useQuery({
    queryKey: ["results", id],
    queryFn: async () => {
      const [predictions, artifacts] = await Promise.all([readPredictions(id), listArtifacts(id)]);
      return { predictions, artifacts };
    },
  });
  return { predictions: data?.predictions ?? null, artifacts: data?.artifacts ?? [], pending: isPending };
}
