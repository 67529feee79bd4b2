/** Uploads with progress, which fetch does not report. */
import { ApiError } from "./client";
import type { DatasetRecord, ErrorInfo } from "./types";

const BROKEN: ErrorInfo = {
  code: "upload_failed",
  message: "The upload was interrupted.",
  hint: "Is the server running? Send the file again.",
  field: null,
};

/** Sends a table; `onProgress` gets the share of one that is sent. Raises ApiError, AbortError when aborted. */
export function uploadDataset(
  file: File,
  onProgress: (share: number) => void,
  signal?: AbortSignal,
): Promise<DatasetRecord> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/datasets");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status === 201) resolve(request.response as DatasetRecord);
      else reject(new ApiError(request.status, (request.response?.error as ErrorInfo | undefined) ?? BROKEN));
    };
    request.onerror = () => reject(new ApiError(0, BROKEN));
    request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}
