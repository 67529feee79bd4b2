/** The open document in the browser's storage: this tab's own, otherwise the last one of any tab. */
import type { Graph } from "@/shared/api/types";

const KEY = "visdl.document";
const DAMAGED = "visdl.document.damaged";
// A browser that blocks its storage throws on any access.
const STORAGES = [() => sessionStorage, () => localStorage];

export interface BrowserDraft {
  graph: Graph;
  graphId: string | null;
  version: number | null;
  /** The server's revision that it is based on. */
  revision?: number | null;
  /** True if it holds edits that no stored version has. */
  dirty: boolean;
}

/** Return what was stored, unvalidated: the caller decides whether it can be drawn. */
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

/** Quarantine a text that is not a document, so that the next one does not overwrite it. */
function keepDamaged(storage: () => Storage): void {
  try {
    const text = storage().getItem(KEY);
    if (text) storage().setItem(DAMAGED, text);
  } catch {
    // The browser blocks its storage.
  }
}

let forgotten = false;

/** Remove the open document from the browser's storage, until the page is loaded again. */
export function forgetBrowserDraft(): void {
  forgotten = true;
  for (const storage of STORAGES) {
    try {
      storage().removeItem(KEY);
      storage().removeItem(DAMAGED);
    } catch {
      // Blocked: then there is none.
    }
  }
}

/** Write to both; returns false if neither worked, such as a full or blocked storage. */
export function writeBrowserDraft(draft: BrowserDraft): boolean {
  if (forgotten) return true;
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

/**
 * Edits of one graph that the server has not received, stored separately: opening another graph does not
 * overwrite them.
 */
const unsentKey = (graphId: string): string => `visdl.unsent.${graphId}`;

export function keepUnsent(graphId: string, draft: BrowserDraft): void {
  try {
    localStorage.setItem(unsentKey(graphId), JSON.stringify(draft));
  } catch {
    // Full or blocked: the tab's own draft reports that.
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
    // Blocked: then there is none.
  }
}
