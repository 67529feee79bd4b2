/** What is done to stored graphs as a whole: copied, renamed, deleted, brought back. */

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

/** The open graph is renamed as an edit; another one where its newest document is. */
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

/** How long a deletion can be undone by its toast; the list of deleted graphs has it for longer. */
const UNDO_MS = 10_000;

/** Deletes a stored graph, which can be undone; when it is open, the newest other one opens. */
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

/** Brings a deleted graph back, and opens it where that is wanted. */
export async function bringBack(id: string, open: boolean): Promise<void> {
  try {
    const { name } = await restoreGraph(id);
    toast.success(`“${name}” is back.`);
  } catch (error) {
    return reportError(error);
  }
  if (open) await openGraph(id);
}

export function openInNewTab(id: string): void {
  // Without an opener the tab has no storage of this one, so that it does not take over what is open here.
  globalThis.open(`/?graph=${encodeURIComponent(id)}`, "_blank", "noopener");
}
