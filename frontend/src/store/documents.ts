/** Opening, saving and keeping drafts of documents. Each action says in a toast what it could not do. */
import { toast } from "sonner";
import { ApiError } from "@/api/client";
import { createGraph, deleteGraph, listGraphs, readGraph, replaceGraph, saveDraft } from "@/api/graphs";
import type { Graph, StoredGraph } from "@/api/types";
import { emptyGraph, renameGraph } from "@/lib/document";
import { readBrowserDraft, writeBrowserDraft } from "@/lib/drafts";
import { fitView, select } from "./canvas";
import { isDirty, openDocument, useGraph } from "./graph";
import { openDialog } from "./ui";

/** Says an error in a toast: the server's sentence and its remedy. */
export function reportError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiError ? error.hint : "";
  toast.error(message, { ...(hint && { description: hint }) });
}

function show(stored: StoredGraph): void {
  openDocument({
    graph: stored.draft ?? stored.graph,
    graphId: stored.id,
    version: stored.version,
    saved: stored.graph,
    draft: stored.draft ? "server" : "clean",
  });
  keepInBrowser();
  select([]);
  fitView();
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

/** Stores a document as a new graph and opens it; without the server it is kept in the browser. */
export async function openAsNew(graph: Graph): Promise<void> {
  try {
    await flushDraft();
    show(await createGraph(graph));
  } catch (error) {
    if (!(error instanceof ApiError && error.unreachable)) return reportError(error);
    openDocument({ graph, graphId: null, version: null, draft: "pending" });
    fitView();
  }
}

export function newGraph(): Promise<void> {
  return openAsNew(emptyGraph());
}

export async function duplicateGraph(id: string): Promise<void> {
  try {
    const stored = await readGraph(id);
    const source = stored.draft ?? stored.graph;
    await openAsNew(renameGraph(source, `${source.name} copy`));
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

/** Saves a version. A newer one on the server opens the dialog that asks what to keep. */
export async function saveGraph(): Promise<void> {
  const { graph, graphId, version } = useGraph.getState();
  try {
    const stored =
      graphId === null || version === null
        ? await createGraph(graph)
        : await replaceGraph(graphId, graph, version);
    // Edits made while the request was under way stay unsaved.
    useGraph.setState((state) => ({
      graphId: stored.id,
      version: stored.version,
      saved: graph,
      draft: state.graph === graph ? "clean" : state.draft,
    }));
    keepInBrowser();
    toast.success(`Saved “${graph.name}”, version ${stored.version}.`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 412) openDialog("conflict");
    else if (error instanceof ApiError && error.status === 404) await saveCopy(graph);
    else reportError(error);
  }
}

/** Keeps this document as a graph of its own; the other one stays as it is. */
export async function saveCopy(graph: Graph = useGraph.getState().graph): Promise<void> {
  try {
    show(await createGraph(renameGraph(graph, `${graph.name} copy`)));
  } catch (error) {
    reportError(error);
  }
}

/** Drops this document's edits and opens the version that is on the server. */
export async function loadTheirs(): Promise<void> {
  const { graphId } = useGraph.getState();
  if (graphId === null) return;
  try {
    const stored = await readGraph(graphId);
    show({ ...stored, draft: null });
  } catch (error) {
    reportError(error);
  }
}

/** Writes the document to the browser's storage. */
export function keepInBrowser(): void {
  const { graph, graphId, version, saved } = useGraph.getState();
  writeBrowserDraft({ graph, graphId, version, dirty: graph !== saved });
}

/** Keeps the unsaved edits: in the browser at once, then on the server. */
export async function flushDraft(): Promise<void> {
  const { graph, graphId, draft } = useGraph.getState();
  if (draft === "clean" || draft === "server") return;
  keepInBrowser();
  useGraph.setState({ draft: "browser" });
  if (graphId === null) return;
  try {
    await saveDraft(graphId, graph);
    useGraph.setState((state) => (state.graph === graph ? { draft: "server" } : {}));
  } catch (error) {
    if (!(error instanceof ApiError && error.unreachable)) reportError(error);
  }
}

/** Brings back the document that was open in this tab, else the newest stored graph. */
export async function restoreDocument(): Promise<void> {
  const kept = readBrowserDraft();
  if (kept) {
    openDocument({ ...kept, ...(kept.dirty && { saved: emptyGraph(), draft: "browser" }) });
    fitView();
  }
  try {
    if (kept?.graphId) await reconcile(kept.graphId);
    else if (!kept) await openFirst();
  } catch (error) {
    if (!(error instanceof ApiError && error.unreachable)) reportError(error);
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
  if (isDirty(useGraph.getState())) useGraph.setState({ draft: "pending" });
  else show(stored);
}
