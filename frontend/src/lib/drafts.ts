/** The open document in the browser's storage: this tab's own, else the last one of any tab. */
import type { Graph } from "@/api/types";

const KEY = "visdl.document";

export interface BrowserDraft {
  graph: Graph;
  graphId: string | null;
  version: number | null;
  /** The server's revision that it goes on from. */
  revision?: number | null;
  /** True where it holds edits that no stored version has. */
  dirty: boolean;
}

export function readBrowserDraft(): BrowserDraft | null {
  for (const storage of [sessionStorage, localStorage]) {
    try {
      const draft = JSON.parse(storage.getItem(KEY) ?? "null") as BrowserDraft | null;
      if (Array.isArray(draft?.graph?.nodes) && Array.isArray(draft.graph.edges)) return draft;
    } catch {
      // Damaged by hand or by another version: as if there were none.
    }
  }
  return null;
}

/** Writes to both; a full or forbidden storage is no reason to stop editing. */
export function writeBrowserDraft(draft: BrowserDraft): void {
  const text = JSON.stringify(draft);
  for (const storage of [sessionStorage, localStorage]) {
    try {
      storage.setItem(KEY, text);
    } catch {
      // The server's draft remains.
    }
  }
}
