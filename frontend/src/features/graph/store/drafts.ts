/** The open document in the browser's storage: this tab's own, else the last one of any tab. */
import type { Graph } from "@/shared/api/types";

const KEY = "visdl.document";
const DAMAGED = "visdl.document.damaged";
// A browser that forbids its storage throws when it is so much as named.
const STORAGES = [() => sessionStorage, () => localStorage];

export interface BrowserDraft {
  graph: Graph;
  graphId: string | null;
  version: number | null;
  /** The server's revision that it goes on from. */
  revision?: number | null;
  /** True where it holds edits that no stored version has. */
  dirty: boolean;
}

/** What was kept, as it was found: whether it can be drawn is for the reader to say. */
export function readBrowserDraft(): BrowserDraft | null {
  for (const storage of STORAGES) {
    try {
      const text = storage().getItem(KEY);
      const draft = JSON.parse(text ?? "null") as BrowserDraft | null;
      if (Array.isArray(draft?.graph?.nodes)) return draft;
      if (draft !== null) keepDamaged(storage);
    } catch {
      keepDamaged(storage);
    }
  }
  return null;
}

/** A text that is no document is put aside, so that the next one does not replace it. */
function keepDamaged(storage: () => Storage): void {
  try {
    const text = storage().getItem(KEY);
    if (text) storage().setItem(DAMAGED, text);
  } catch {
    // The browser forbids its storage altogether.
  }
}

/** Writes to both; false where neither took it, such as a full or forbidden storage. */
export function writeBrowserDraft(draft: BrowserDraft): boolean {
  const text = JSON.stringify(draft);
  const kept = STORAGES.map((storage) => {
    try {
      storage().setItem(KEY, text);
      return true;
    } catch {
      return false;
    }
  });
  return kept.includes(true);
}

/** Edits of one graph that the server has not seen, kept apart: another graph that is opened does not replace them. */
const unsentKey = (graphId: string): string => `visdl.unsent.${graphId}`;

export function keepUnsent(graphId: string, draft: BrowserDraft): void {
  try {
    localStorage.setItem(unsentKey(graphId), JSON.stringify(draft));
  } catch {
    // Full or forbidden: the tab's own draft says so.
  }
}

export function readUnsent(graphId: string): BrowserDraft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(unsentKey(graphId)) ?? "null") as BrowserDraft | null;
    return Array.isArray(draft?.graph?.nodes) ? draft : null;
  } catch {
    return null;
  }
}

export function forgetUnsent(graphId: string): void {
  try {
    localStorage.removeItem(unsentKey(graphId));
  } catch {
    // Forbidden: then there is none.
  }
}
