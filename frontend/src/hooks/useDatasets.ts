import { useQuery } from "@tanstack/react-query";
import { listDatasets } from "@/api/datasets";
import type { DatasetRecord } from "@/api/types";

export const DATASETS = ["datasets"] as const;

/** The datasets that are stored, newest first. */
export function useDatasets(): { datasets: DatasetRecord[]; pending: boolean; error: Error | null } {
  const { data, isPending, error } = useQuery({ queryKey: DATASETS, queryFn: ({ signal }) => listDatasets(signal) });
  return { datasets: data ?? [], pending: isPending, error };
}
