import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { reportError } from "@/features/graph/store/documents";
import { deleteDataset, listDatasets, previewDataset } from "@/shared/api/datasets";
import type { DatasetPreview, DatasetRecord } from "@/shared/api/types";

export const DATASETS = ["datasets"] as const;

/** The datasets that are stored, newest first. */
export function useDatasets(): { datasets: DatasetRecord[]; pending: boolean; error: Error | null } {
  const { data, isPending, error } = useQuery({
    queryKey: DATASETS,
    queryFn: ({ signal }) => listDatasets(signal),
  });
  return { datasets: data ?? [], pending: isPending, error };
}

/** Some rows of a dataset; the previous ones stay until the next arrive. */
export function useDatasetPreview(
  id: string,
  offset: number,
  limit: number,
): { preview: DatasetPreview | null; error: Error | null } {
  const { data, error } = useQuery({
    queryKey: ["dataset preview", id, offset, limit],
    queryFn: ({ signal }) => previewDataset(id, offset, limit, signal),
    placeholderData: keepPreviousData,
  });
  return { preview: data ?? null, error };
}

/** Deletes a dataset and refreshes the list, or reports why it is kept. */
export function useDeleteDataset(): (id: string) => Promise<void> {
  const queries = useQueryClient();
  return async (id) => {
    try {
      await deleteDataset(id);
    } catch (error) {
      reportError(error);
    }
    await queries.invalidateQueries({ queryKey: DATASETS });
  };
}
