/** The document that is open, its report, and undo: one call of `edit` is one step. */
import { temporal } from "zundo";
import { create, useStore } from "zustand";
import type { Graph, Report } from "@/api/types";
import { emptyGraph } from "@/lib/document";

/** Where the last edit is kept: nowhere yet, in this browser, or on the server. */
type DraftState = "clean" | "pending" | "browser" | "server";

interface GraphState {
  graph: Graph;
  /** Id on the server; null before it was stored there. */
  graphId: string | null;
  /** The stored version that this document goes on from. */
  version: number | null;
  /** The server's revision, of drafts too, that this document goes on from. */
  revision: number | null;
  /** The document as of that version, by identity; differs while there are unsaved edits. */
  saved: Graph;
  draft: DraftState;
  report: Report | null;
  /** True while the report is older than the document. */
  validating: boolean;
}

const blank = emptyGraph();

export const useGraph = create<GraphState>()(
  temporal(
    (): GraphState => ({
      graph: blank,
      graphId: null,
      version: null,
      revision: null,
      saved: blank,
      draft: "clean",
      report: null,
      validating: false,
    }),
    {
      limit: 200,
      partialize: ({ graph }) => ({ graph }),
      equality: (past, current) => past.graph === current.graph,
    },
  ),
);

/** Changes the document by a pure function; one call is one undo step, no change is none. */
export function edit(change: (graph: Graph) => Graph): void {
  const { graph } = useGraph.getState();
  const next = change(graph);
  if (next !== graph) useGraph.setState({ graph: next, draft: "pending" });
}

/** Changes the document without an undo step, such as a first layout; it does not count as an edit. */
export function amend(change: (graph: Graph) => Graph): void {
  const history = useGraph.temporal.getState();
  history.pause();
  useGraph.setState(({ graph, saved }) => {
    const next = change(graph);
    return { graph: next, saved: saved === graph ? next : saved };
  });
  history.resume();
}

export function undo(): void {
  const { pastStates, undo: step } = useGraph.temporal.getState();
  if (pastStates.length > 0) inHistory(step);
}

export function redo(): void {
  const { futureStates, redo: step } = useGraph.temporal.getState();
  if (futureStates.length > 0) inHistory(step);
}

function inHistory(step: () => void): void {
  // First, so that whoever sees the document change sees that it is not kept yet.
  useGraph.setState({ draft: "pending" });
  step();
}

/** How many steps can be undone and redone. */
export function useHistory(): { past: number; future: number } {
  const past = useStore(useGraph.temporal, (state) => state.pastStates.length);
  const future = useStore(useGraph.temporal, (state) => state.futureStates.length);
  return { past, future };
}

interface Opened {
  graph: Graph;
  graphId: string | null;
  version: number | null;
  revision?: number | null;
  /** The document of the version, where `graph` is a newer draft of it. */
  saved?: Graph;
  draft?: DraftState;
}

/** Opens another document; its history starts empty. */
export function openDocument(opened: Opened): void {
  const { graph, graphId, version, revision = null, saved = graph, draft = "clean" } = opened;
  useGraph.setState({
    graph,
    graphId,
    version,
    revision,
    saved,
    draft,
    report: null,
  });
  useGraph.temporal.getState().clear();
}

/** True while the document differs from its stored version. */
export function isDirty(state: GraphState): boolean {
  return state.graph !== state.saved;
}
