/** Actions on stored graphs: duplicate, rename, delete, restore. */

import { renameGraph } from "@/features/graph/model/document";
import {
  copyOf,
  flushDraft,
  newGraph,
  openAsNew,
  openGraph,
  reportError,
  showStored,
} from "@/features/graph/store/documents";
import { edit, useGraph } from "@/features/graph/store/graph";
import {
  deleteGraph,
  listGraphs,
  readGraph,
  replaceGraph,
  restoreGraph,
  saveDraft,
} from "@/shared/api/graphs";
import { toast } from "@/shared/store/toast";

export async function duplicateGraph(id: string): Promise<void> {
  try {
    const stored = await readGraph(id);
    await openAsNew(copyOf(stored.draft ?? stored.graph));
  } catch (error) {
    reportError(error);
  }
}

/** Rename a graph: the open one by an edit, another one in its newest document. */
export async function renameStored(id: string, name: string): Promise<void> {
  if (!name) return;
  if (useGraph.getState().graphId === id) {
    edit((graph) => renameGraph(graph, name));
    return flushDraft();
  }
  try {
    const { draft, graph, revision, version } = await readGraph(id);
    if (draft) await saveDraft(id, renameGraph(draft, name), revision);
    else await replaceGraph(id, renameGraph(graph, name), version);
  } catch (error) {
    reportError(error);
  }
}

/** How long the toast offers to undo a deletion; the list of deleted graphs offers it for longer. */
const UNDO_MS = 10_000;

/** Delete a stored graph, which can be undone; if it is open, the newest other one opens. */
export async function removeGraph(id: string, name: string, refresh: () => unknown): Promise<void> {
  const isOpen = useGraph.getState().graphId === id;
  try {
    if (isOpen) await flushDraft();
    await deleteGraph(id);
    toast.message(`Deleted “${name}”.`, {
      duration: UNDO_MS,
      action: { label: "Undo", onClick: () => void bringBack(id, isOpen).then(refresh) },
    });
    if (!isOpen) return;
    const [next] = await listGraphs();
    if (next) showStored(await readGraph(next.id));
    else await newGraph();
  } catch (error) {
    reportError(error);
  }
}

/** Restore a deleted graph, and open it on request. */
export async function bringBack(id: string, open: boolean): Promise<void> {
  try {
    const { name } = await restoreGraph(id);
    toast.success(`Restored “${name}”.`);
  } catch (error) {
    return reportError(error);
  }
  if (open) await openGraph(id);
}

export function openInNewTab(id: string): void {
  // Without an opener the tab has its own storage and does not restore the document of this one.
  globalThis.open(`/?graph=${encodeURIComponent(id)}`, "_blank", "noopener");
}
