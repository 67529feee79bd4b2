import { keepPreviousData, queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { readFacets } from "@/shared/api/runs";
import type { RunFacets } from "@/shared/api/types";
import { type FoundRuns, findRuns, useRunFilter } from "./runList";
import { useRunNews } from "./useRunNews";

const PAGE = 100;
const KEY = "runs";
const KEPT_MS = 60_000;

interface RunList {
  /** How many there are in all, shown or not. */
  total: number;
  /** Metrics for which the first runs of the list have a value. */
  metrics: string[];
  /** Ids of the first runs. */
  first: string[];
  pending: boolean;
  error: Error | null;
}

/** A page of the list as it is filtered and sorted now. */
function usePages(pages: number[]) {
  const { filter, sort } = useRunFilter();
  return pages.map((page) =>
    queryOptions<FoundRuns>({
      queryKey: [KEY, filter, sort, page],
      queryFn: ({ signal }) => findRuns(filter, sort, { offset: page * PAGE, limit: PAGE }, signal),
      staleTime: 0,
      gcTime: KEPT_MS,
    }),
  );
}

/** The runs that match the filter; the previous result stays until the answer arrives. */
export function useRunList(): RunList {
  useRunNews(KEY);
  const [options] = usePages([0]) as [ReturnType<typeof usePages>[number]];
  const { data, isPending, error } = useQuery({ ...options, placeholderData: keepPreviousData });
  return {
    total: data?.total ?? 0,
    metrics: data?.metrics ?? [],
    first: data?.ids ?? [],
    pending: isPending,
    error,
  };
}

/** The id of the run at each position from `first` to `last`; undefined where it is not loaded yet. */
export function useRunIds(first: number, last: number): (place: number) => string | undefined {
  const start = Math.floor(first / PAGE);
  const pages = Array.from({ length: Math.floor(last / PAGE) - start + 1 }, (_, index) => start + index);
  const found = useQueries({ queries: usePages(pages) });
  return (place) => found[Math.floor(place / PAGE) - start]?.data?.ids[place % PAGE];
}

/** What runs can be filtered by. */
export function useRunFacets(): RunFacets {
  const { data } = useQuery({
    queryKey: [KEY, "facets"],
    queryFn: ({ signal }) => readFacets(signal),
    staleTime: 0,
  });
  return data ?? NONE;
}

const NONE: RunFacets = { tags: [], graphs: [], datasets: [], studies: [] };
