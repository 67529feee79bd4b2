import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { reportError } from "@/features/graph/store/documents";
import { readRunGraph } from "@/shared/api/runs";
import type { Graph } from "@/shared/api/types";
import { loadCurves } from "./series";

/** The graphs of these runs, by run id, once they are loaded; their curves are loaded too. */
export function useComparison(ids: readonly string[]): ReadonlyMap<string, Graph> {
  const key = ids.join();
  useEffect(() => {
    for (const id of key.split(",")) loadCurves(id).catch(reportError);
  }, [key]);
  const { data } = useQuery({
    queryKey: ["run graphs", key],
    queryFn: async () =>
      new Map(await Promise.all(ids.map(async (id) => [id, await readRunGraph(id)] as const))),
  });
  return data ?? NONE;
}

const NONE: ReadonlyMap<string, Graph> = new Map();
