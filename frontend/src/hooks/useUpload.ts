import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { DatasetRecord } from "@/api/types";
import { uploadDataset } from "@/api/upload";
import { reportError } from "@/store/documents";
import { DATASETS } from "./useDatasets";

/** Uploads a table. `progress` is a share of one while an upload runs, else null. */
export function useUpload(): {
  upload: (file: File) => Promise<DatasetRecord | null>;
  progress: number | null;
} {
  const queries = useQueryClient();
  const [progress, setProgress] = useState<number | null>(null);
  const upload = async (file: File): Promise<DatasetRecord | null> => {
    setProgress(0);
    try {
      const dataset = await uploadDataset(file, setProgress);
      await queries.invalidateQueries({ queryKey: DATASETS });
      return dataset;
    } catch (error) {
      reportError(error);
      return null;
    } finally {
      setProgress(null);
    }
  };
  return { upload, progress };
}
