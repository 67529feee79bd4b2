/** Open and save documents and keep drafts. Each action shows a toast if it fails. */

import { emptyGraph, renameGraph } from "@/features/graph/model/document";
import { ApiError } from "@/shared/api/client";
import {
  createGraph,
  labelVersion,
  listGraphs,
  readGraph,
  replaceGraph,
  saveDraft,
} from "@/shared/api/graphs";
import { createFromStarter } from "@/shared/api/starters";
import type { Graph, StoredGraph } from "@/shared/api/types";
import { toast } from "@/shared/store/toast";
import { openDialog } from "@/shared/store/ui";
import { forgetUnsent, keepUnsent, readBrowserDraft, readUnsent, writeBrowserDraft } from "./drafts";
import { editDocument, openDocument, useGraph } from "./graph";
import { fitView, select } from "./viewState";

/** Show an error in a toast: the server's sentence and hint, prefixed by `about` if that is not clear. */
export function reportError(error: unknown, about = ""): void {
  // In that case the page asks for the token, once, in a dialog.
  if (error instanceof ApiError && error.status === 401) return;
  const sentence = error instanceof Error ? error.message : String(error);
  const message = about && !sentence.includes(about) ? `${about}: ${sentence}` : sentence;
  const hint = error instanceof ApiError ? error.hint : "";
  toast.error(message, { ...(hint && { description: hint }) });
}

/** Report an error, unless the server is unreachable: the banner shows that, and the request is retried. */
export function reportUnlessAway(error: unknown): void {
  if (!(error instanceof ApiError && error.unreachable)) reportError(error);
}

export function showStored(stored: StoredGraph): void {
  openDocument({
    graph: stored.draft ?? stored.graph,
    graphId: stored.id,
    version: stored.version,
    revision: stored.revision,
    saved: stored.graph,
    draft: stored.draft ? "server" : "clean",
  });
  keepInBrowser();
  select([]);
  fitUnlessEmpty();
  if (stored.damaged.length > 0) reportDamaged(stored);
}

const DAMAGED = {
  draft: "The unsaved edits of “{name}” are damaged in the database. This is its last version.",
  graph: "The last version of “{name}” is damaged in the database. This is its draft.",
} as const;

function reportDamaged({ name, damaged }: StoredGraph): void {
  for (const part of damaged) toast.warning(DAMAGED[part].replace("{name}", name));
}

/** An empty canvas has nothing to fit; its first node stays where it is dropped. */
function fitUnlessEmpty(): void {
  if (useGraph.getState().graph.nodes.length > 0) fitView();
}

/** Open a stored graph, with its draft if there is one. */
export async function openGraph(id: string): Promise<void> {
  try {
    await flushDraft();
    const stored = await readGraph(id);
    showStored(stored);
    await takeUnsent(stored);
  } catch (error) {
    reportError(error);
  }
}

/** Restore edits that only the browser has, because the server was unreachable when the page was closed. */
async function takeUnsent(stored: StoredGraph): Promise<void> {
  const unsent = readUnsent(stored.id);
  if (!unsent) return;
  if (JSON.stringify(unsent.graph) === JSON.stringify(stored.draft ?? stored.graph)) {
    forgetUnsent(stored.id);
  } else if (unsent.revision === stored.revision) {
    editDocument(() => unsent.graph);
    toast.info("Restored edits that had not reached the server.");
    await flushDraft();
  } else {
    toast.warning(`This browser has edits of “${stored.name}” that never reached the server.`, {
      description: "The graph was changed elsewhere since.",
      duration: Number.POSITIVE_INFINITY,
      action: { label: "Open as a copy", onClick: () => void openUnsent(stored.id, unsent.graph) },
    });
  }
}

async function openUnsent(id: string, graph: Graph): Promise<void> {
  if (await openAsNew(copyOf(graph))) forgetUnsent(id);
}

/**
 * Store a document as a new graph and open it; without the server it is kept in the browser. Returns false if
 * the server rejected it.
 */
export async function openAsNew(graph: Graph): Promise<boolean> {
  try {
    await flushDraft();
    showStored(await createGraph(graph));
  } catch (error) {
    if (!(error instanceof ApiError && error.unreachable)) {
      reportError(error);
      return false;
    }
    openDocument({ graph, graphId: null, version: null, draft: "pending" });
    fitUnlessEmpty();
  }
  return true;
}

/** Create a graph from a starter and open it; returns false if the server failed. */
export async function openStarter(id: string): Promise<boolean> {
  try {
    await flushDraft();
    showStored(await createFromStarter(id));
    return true;
  } catch (error) {
    reportError(error, "The starter could not be opened.");
    return false;
  }
}

export async function newGraph(): Promise<void> {
  await openAsNew(emptyGraph());
}

const LONGEST_NAME = 200;
const COPY = " copy";

export function copyOf(graph: Graph): Graph {
  return renameGraph(graph, `${graph.name.slice(0, LONGEST_NAME - COPY.length)}${COPY}`);
}

let writes: Promise<unknown> = Promise.resolve();

/** Write in order, so that an older draft never arrives after a newer version. */
function inTurn(write: () => Promise<void>): Promise<void> {
  const written = writes.then(write, write);
  writes = written;
  return written;
}

/** Save a version, with a name if one is given. A newer version on the server opens the conflict dialog. */
export function saveGraph(label = ""): Promise<void> {
  const asked = useGraph.getState();
  return inTurn(() => {
    const now = useGraph.getState();
    return saveVersion({ ...asked, label }, now.graphId === asked.graphId ? now.version : asked.version);
  });
}

interface Asked {
  graph: Graph;
  graphId: string | null;
  label: string;
}

async function saveVersion({ graph, graphId, label }: Asked, version: number | null): Promise<void> {
  const { saved, draft } = useGraph.getState();
  try {
    if (graphId === null || version === null) {
      const stored = await createGraph(graph);
      if (label) await labelVersion(stored.id, stored.version, label);
      markSaved(graph, graphId, stored);
    } else if (saved === graph && draft === "clean") {
      if (label) await labelVersion(graphId, version, label);
      reportSaved(graph, version);
    } else markSaved(graph, graphId, await replaceGraph(graphId, graph, version, label));
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) openDialog("conflict");
    else if (error instanceof ApiError && error.status === 404) await saveCopy(graph);
    else reportError(error);
  }
}

function markSaved(graph: Graph, graphId: string | null, { id, version, revision }: StoredGraph): void {
  reportSaved(graph, version);
  forgetUnsent(id);
  // Another document that was opened during the request stays unchanged.
  if (useGraph.getState().graphId !== graphId) return;
  // Edits made meanwhile stay unsaved.
  useGraph.setState((state) => ({
    graphId: id,
    version,
    revision,
    saved: graph,
    draft: state.graph === graph ? "clean" : state.draft,
  }));
  keepInBrowser();
}

function reportSaved(graph: Graph, version: number): void {
  toast.success(`Saved “${graph.name}”, version ${version}.`);
}

/** Store this document as a new graph; the original stays unchanged. */
export async function saveCopy(graph: Graph = useGraph.getState().graph): Promise<void> {
  try {
    showStored(await createGraph(copyOf(graph)));
  } catch (error) {
    reportError(error);
  }
}

/** Discard this document's edits and open the server's version, with its draft. */
export async function loadTheirs(): Promise<void> {
  const { graphId } = useGraph.getState();
  if (graphId === null) return;
  try {
    showStored(await readGraph(graphId));
  } catch (error) {
    reportError(error);
  }
}

let reportedFull = false;

/** Write the document to the browser's storage and return whether that worked. A failure is shown once. */
export function keepInBrowser(): boolean {
  const { graph, graphId, version, revision, saved } = useGraph.getState();
  const kept = writeBrowserDraft({ graph, graphId, version, revision, dirty: graph !== saved });
  if (!kept && !reportedFull) {
    toast.warning("This browser's storage is full or blocked.", {
      description: "Edits are kept only on the server. If it is unreachable, export the graph as a file.",
    });
  }
  reportedFull ||= !kept;
  return kept;
}

/** Keep what the server has not received, also when this page opens another graph or is closed. */
export function keepOnLeaving(): void {
  const { graph, graphId, version, revision, draft } = useGraph.getState();
  // Nothing was opened, such as before signing in: the next visit opens the newest graph.
  if (graphId === null && draft === "clean" && graph.nodes.length === 0) return;
  keepInBrowser();
  const unsent = draft !== "clean" && draft !== "server";
  if (graphId !== null && unsent) keepUnsent(graphId, { graph, graphId, version, revision, dirty: true });
}

/** Keep the unsaved edits: in the browser at once, then on the server. */
export async function flushDraft(): Promise<void> {
  const { graph, graphId, draft, revision: asked } = useGraph.getState();
  if (draft === "clean" || draft === "server") return;
  useGraph.setState({ draft: keepInBrowser() ? "browser" : "nowhere" });
  if (graphId === null) return;
  try {
    await inTurn(async () => {
      const now = useGraph.getState();
      const isOpen = now.graphId === graphId;
      // A version that was saved since supersedes a draft.
      if (isOpen && now.draft === "clean") return;
      const revision = await saveDraft(graphId, graph, isOpen ? now.revision : asked);
      forgetUnsent(graphId);
      if (useGraph.getState().graphId === graphId) useGraph.setState({ revision });
    });
    useGraph.setState((state) =>
      state.graph === graph && UNSENT.includes(state.draft) ? { draft: "server" } : {},
    );
    keepInBrowser();
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) openDialog("conflict");
    else if (error instanceof ApiError && error.status === 404) goOnAlone(graphId);
    else {
      keepOnLeaving();
      reportUnlessAway(error);
    }
  }
}

const UNSENT: readonly string[] = ["browser", "nowhere"];

/** The graph was deleted elsewhere: continue with the open document as one that was never stored. */
function goOnAlone(graphId: string): void {
  const { graph, graphId: open } = useGraph.getState();
  if (open !== graphId) return;
  useGraph.setState({ graphId: null, version: null, revision: null });
  keepInBrowser();
  toast.warning(`“${graph.name}” was deleted elsewhere.`, {
    description: "The open copy is kept in this browser. Ctrl S stores it as a new graph.",
  });
}

/** Return the graph that the address asks for, and remove it from the address. */
function askedFor(): string | null {
  const address = new URL(globalThis.location.href);
  const id = address.searchParams.get("graph");
  address.searchParams.delete("graph");
  if (id) globalThis.history.replaceState(null, "", address);
  return id;
}

/** Restore the document that was open in this tab, otherwise the newest stored graph. */
export async function restoreDocument(): Promise<void> {
  const asked = askedFor();
  if (asked) return openGraph(asked);
  const kept = readBrowserDraft();
  if (kept) {
    openDocument({ ...kept, ...(kept.dirty && { saved: emptyGraph(), draft: "browser" }) });
    fitUnlessEmpty();
  }
  try {
    if (kept?.graphId) await reconcile(kept.graphId);
    else if (!kept) await openFirst();
  } catch (error) {
    reportUnlessAway(error);
  }
}

async function openFirst(): Promise<void> {
  const [first] = await listGraphs();
  if (first) showStored(await readGraph(first.id));
}

/** After a reload: use the server's document unless this browser holds unsaved edits. */
async function reconcile(id: string): Promise<void> {
  let stored: StoredGraph;
  try {
    stored = await readGraph(id);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    // Deleted meanwhile: continue with the document as one that was never stored.
    useGraph.setState({ graphId: null, version: null });
    return;
  }
  if (useGraph.getState().draft === "clean") showStored(stored);
  else await flushDraft();
}
