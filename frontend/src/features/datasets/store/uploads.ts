/** Tables that are being uploaded. */
import { create } from "zustand";
import { reportError } from "@/features/graph/store/documents";
import type { DatasetRecord } from "@/shared/api/types";
import { uploadDataset } from "@/shared/api/upload";

interface Upload {
  key: number;
  name: string;
  /** Share that is sent, from 0 to 1; at 1 the server reads the table. */
  share: number;
  cancel: () => void;
}

export const useUploads = create<{ uploads: readonly Upload[] }>()(() => ({ uploads: [] }));

let count = 0;

/** Sends a table; null when it was cancelled or rejected, which a toast reports. */
export async function uploadFile(file: File): Promise<DatasetRecord | null> {
  const key = ++count;
  const abort = new AbortController();
  const upload: Upload = { key, name: file.name, share: 0, cancel: () => abort.abort() };
  useUploads.setState(({ uploads }) => ({ uploads: [...uploads, upload] }));
  const onProgress = (share: number): void =>
    useUploads.setState(({ uploads }) => ({
      uploads: uploads.map((other) => (other.key === key ? { ...other, share } : other)),
    }));
  try {
    return await uploadDataset(file, onProgress, abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) reportError(error, file.name);
    return null;
  } finally {
    useUploads.setState(({ uploads }) => ({ uploads: uploads.filter((other) => other.key !== key) }));
  }
}
