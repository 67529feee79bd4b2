import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { reportError } from "@/features/graph/store/documents";
import { useGraph } from "@/features/graph/store/graph";
import { labelVersion, listVersions, readVersion } from "@/shared/api/graphs";
import type { Graph, GraphVersion } from "@/shared/api/types";

/** A version's document never changes, so it is loaded once. */
const documentQuery = (id: string, version: number) => ({
  queryKey: ["version", id, version],
  queryFn: ({ signal }: { signal: AbortSignal }) => readVersion(id, version, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

interface Versions {
  versions: GraphVersion[] | null;
  error: Error | null;
  retry: () => void;
  rename: (version: number, label: string) => Promise<void>;
}

/** The versions of the open graph, the newest first. */
export function useVersions(): Versions {
  const id = useGraph((state) => state.graphId);
  const newest = useGraph((state) => state.version);
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["versions", id, newest],
    queryFn: ({ signal }) => listVersions(id ?? "", signal),
    enabled: id !== null,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  return {
    versions: id === null ? [] : (data ?? null),
    error,
    retry: () => void refetch(),
    rename: async (version, label) => {
      try {
        await labelVersion(id ?? "", version, label);
        await queries.invalidateQueries({ queryKey: ["versions", id] });
      } catch (failed) {
        reportError(failed);
      }
    },
  };
}

/** The documents of these versions, in the same order; undefined until one is loaded, and for a null. */
export function useVersionGraphs(versions: readonly (number | null)[]): {
  graphs: (Graph | undefined)[];
  error: Error | null;
} {
  const id = useGraph((state) => state.graphId) ?? "";
  const asked = [...new Set(versions.filter((version) => version !== null))];
  const found = useQueries({ queries: asked.map((version) => documentQuery(id, version)) });
  const error = found.find((one) => one.error)?.error ?? null;
  return {
    graphs: versions.map((version) => (version === null ? undefined : found[asked.indexOf(version)]?.data)),
    error,
  };
}
