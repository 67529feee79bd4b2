/** Opening, saving and keeping drafts of documents. Each action says in a toast what it could not do. */
import { toast } from "sonner";
import { ApiError } from "@/api/client";
import { createGraph, deleteGraph, listGraphs, readGraph, replaceGraph, saveDraft } from "@/api/graphs";
import { createFromStarter } from "@/api/starters";
import type { Graph, StoredGraph } from "@/api/types";
import { emptyGraph, renameGraph } from "@/lib/document";
import { readBrowserDraft, writeBrowserDraft } from "@/lib/drafts";
import { fitView, select } from "./canvas";
import { isDirty, openDocument, useGraph } from "./graph";
import { openDialog } from "./ui";

/** Says an error in a toast: the server's sentence and its remedy, `about` what where that is not plain. */
export function reportError(error: unknown, about = ""): void {
  // The page asks for the token then, once, in a dialog.
  if (error instanceof ApiError && error.status === 401) return;
  const sentence = error instanceof Error ? error.message : String(error);
  const message = about && !sentence.includes(about) ? `${about}: ${sentence}` : sentence;
  const hint = error instanceof ApiError ? error.hint : "";
  toast.error(message, { ...(hint && { description: hint }) });
}

/** The same, but for a server that does not answer: the banner says that, and it is asked again. */
export function reportUnlessAway(error: unknown): void {
  if (!(error instanceof ApiError && error.unreachable)) reportError(error);
}

function show(stored: StoredGraph): void {
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
}

/** An empty canvas has nothing to fit; its first node stays where it is dropped. */
function fitUnlessEmpty(): void {
  if (useGraph.getState().graph.nodes.length > 0) fitView();
}

/** Opens a stored graph, with its draft where there is one. */
export async function openGraph(id: string): Promise<void> {
  try {
    await flushDraft();
    show(await readGraph(id));
  } catch (error) {
    reportError(error);
  }
}

/**
 * Stores a document as a new graph and opens it; without the server it is kept in the browser.
 * False where the server refused it.
 */
export async function openAsNew(graph: Graph): Promise<boolean> {
  try {
    await flushDraft();
    show(await createGraph(graph));
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

/** Opens a new graph made of a starter; false where the server did not make it. */
export async function openStarter(id: string): Promise<boolean> {
  try {
    await flushDraft();
    show(await createFromStarter(id));
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

function copyOf(graph: Graph): Graph {
  return renameGraph(graph, `${graph.name.slice(0, LONGEST_NAME - COPY.length)}${COPY}`);
}

export async function duplicateGraph(id: string): Promise<void> {
  try {
    const stored = await readGraph(id);
    await openAsNew(copyOf(stored.draft ?? stored.graph));
  } catch (error) {
    reportError(error);
  }
}

/** Deletes a stored graph; when it is the one that is open, the newest other one opens. */
export async function removeGraph(id: string): Promise<void> {
  try {
    await deleteGraph(id);
    if (useGraph.getState().graphId !== id) return;
    const [next] = await listGraphs();
    if (next) show(await readGraph(next.id));
    else await newGraph();
  } catch (error) {
    reportError(error);
  }
}

let writes: Promise<unknown> = Promise.resolve();

/** Writes go one after another, so that an older draft never arrives behind a newer version. */
function inTurn(write: () => Promise<void>): Promise<void> {
  const written = writes.then(write, write);
  writes = written;
  return written;
}

/** Saves a version. A newer one on the server opens the dialog that asks what to keep. */
export function saveGraph(): Promise<void> {
  const asked = useGraph.getState();
  return inTurn(() => {
    const now = useGraph.getState();
    return saveVersion(asked, now.graphId === asked.graphId ? now.version : asked.version);
  });
}

interface Asked {
  graph: Graph;
  graphId: string | null;
}

async function saveVersion({ graph, graphId }: Asked, version: number | null): Promise<void> {
  const { saved, draft } = useGraph.getState();
  try {
    if (version !== null && saved === graph && draft === "clean") sayIsSaved(graph, version);
    else if (graphId === null || version === null) markSaved(graph, graphId, await createGraph(graph));
    else markSaved(graph, graphId, await replaceGraph(graphId, graph, version));
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) openDialog("conflict");
    else if (error instanceof ApiError && error.status === 404) await saveCopy(graph);
    else reportError(error);
  }
}

function markSaved(graph: Graph, graphId: string | null, { id, version, revision }: StoredGraph): void {
  sayIsSaved(graph, version);
  // Another document that was opened while the request was under way stays what it is.
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

function sayIsSaved(graph: Graph, version: number): void {
  toast.success(`Saved “${graph.name}”, version ${version}.`);
}

/** Keeps this document as a graph of its own; the other one stays as it is. */
export async function saveCopy(graph: Graph = useGraph.getState().graph): Promise<void> {
  try {
    show(await createGraph(copyOf(graph)));
  } catch (error) {
    reportError(error);
  }
}

/** Drops this document's edits and opens what is on the server, with its draft. */
export async function loadTheirs(): Promise<void> {
  const { graphId } = useGraph.getState();
  if (graphId === null) return;
  try {
    show(await readGraph(graphId));
  } catch (error) {
    reportError(error);
  }
}

/** Writes the document to the browser's storage. */
export function keepInBrowser(): void {
  const { graph, graphId, version, revision, saved } = useGraph.getState();
  writeBrowserDraft({ graph, graphId, version, revision, dirty: graph !== saved });
}

/** Keeps the unsaved edits: in the browser at once, then on the server. */
export async function flushDraft(): Promise<void> {
  const { graph, graphId, draft, revision: asked } = useGraph.getState();
  if (draft === "clean" || draft === "server") return;
  keepInBrowser();
  useGraph.setState({ draft: "browser" });
  if (graphId === null) return;
  try {
    await inTurn(async () => {
      const now = useGraph.getState();
      const isOpen = now.graphId === graphId;
      // A version that was saved since is more than a draft.
      if (isOpen && now.draft === "clean") return;
      const revision = await saveDraft(graphId, graph, isOpen ? now.revision : asked);
      if (useGraph.getState().graphId === graphId) useGraph.setState({ revision });
    });
    useGraph.setState((state) =>
      state.graph === graph && state.draft === "browser" ? { draft: "server" } : {},
    );
    keepInBrowser();
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) openDialog("conflict");
    else reportUnlessAway(error);
  }
}

/** Brings back the document that was open in this tab, else the newest stored graph. */
export async function restoreDocument(): Promise<void> {
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
  if (first) show(await readGraph(first.id));
}

/** After a reload: takes the server's document unless this browser holds unsaved edits. */
async function reconcile(id: string): Promise<void> {
  let stored: StoredGraph;
  try {
    stored = await readGraph(id);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    // Deleted meanwhile: the document goes on as one that was never stored.
    useGraph.setState({ graphId: null, version: null });
    return;
  }
  if (isDirty(useGraph.getState())) await flushDraft();
  else show(stored);
}
