import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useRunNews } from "@/features/runs/store/useRunNews";
import {
  listStudies,
  readStudyCells,
  readStudyCurves,
  readStudyGraph,
  readStudyResults,
} from "@/shared/api/studies";
import type { Graph, Study, StudyCell, StudyCurves, StudyResults } from "@/shared/api/types";
import { useStudyView } from "./studies";

const KEY = "studies";
const NONE: Study[] = [];

/** Reloads when a run is added, deleted or changes its state, and when a study was changed here. */
function useStudyNews(): void {
  useRunNews(KEY);
  const queries = useQueryClient();
  const revision = useStudyView((state) => state.revision);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new number triggers the reload
  useEffect(() => void queries.invalidateQueries({ queryKey: [KEY] }), [queries, revision]);
}

/** All studies, the newest first. */
export function useStudies(): {
  studies: Study[];
  pending: boolean;
  fetching: boolean;
  error: Error | null;
} {
  useStudyNews();
  const { data, isPending, isFetching, error } = useQuery({
    queryKey: [KEY, "list"],
    queryFn: ({ signal }) => listStudies(signal),
    staleTime: 0,
  });
  return { studies: data ?? NONE, pending: isPending, fetching: isFetching, error };
}

/** The results of a study so far; undefined until they are loaded. */
export function useStudyResults(id: string | null): StudyResults | undefined {
  useStudyNews();
  const { data } = useQuery({
    queryKey: [KEY, id, "results"],
    queryFn: () => readStudyResults(id ?? ""),
    enabled: id !== null,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  return id === null ? undefined : data;
}

/** The runs of a study. */
export function useStudyCells(id: string): StudyCell[] {
  useStudyNews();
  const { data } = useQuery({
    queryKey: [KEY, id, "cells"],
    queryFn: () => readStudyCells(id),
    staleTime: 0,
  });
  return data ?? [];
}

/** A metric over the epochs of each variant, as mean and band. */
export function useStudyCurves(id: string, metric: string): StudyCurves | undefined {
  useStudyNews();
  const { data } = useQuery({
    queryKey: [KEY, id, "curves", metric],
    queryFn: () => readStudyCurves(id, metric),
    staleTime: 0,
  });
  return data;
}

/** The graphs of two variants, by their keys; "" is the baseline. They never change. */
export function useStudyGraphs(
  id: string,
  a: string,
  b: string,
): { graphs: (Graph | undefined)[]; error: Error | null } {
  const found = useQueries({
    queries: [a, b].map((variant) => ({
      queryKey: ["study graphs", id, variant],
      queryFn: () => readStudyGraph(id, variant),
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  return { graphs: found.map(({ data }) => data), error: found.find(({ error }) => error)?.error ?? null };
}
