import { useQueryClient } from "@tanstack/react-query";
import type { DatasetRecord } from "@/shared/api/types";
import { uploadFile } from "./uploads";
import { DATASETS } from "./useDatasets";

/** Uploads a table and refreshes the list of datasets; null when it was cancelled or rejected. */
export function useUpload(): (file: File) => Promise<DatasetRecord | null> {
  const queries = useQueryClient();
  return async (file) => {
    const dataset = await uploadFile(file);
    if (dataset) await queries.invalidateQueries({ queryKey: DATASETS });
    return dataset;
  };
}
