/** The open document, its report, and undo: one call of `edit` is one step. */

import { temporal } from "zundo";
import { create, useStore } from "zustand";
import { groupsIn, notesIn, settled } from "@/features/graph/model/annotations";
import { emptyGraph } from "@/features/graph/model/document";
import { normalizeDocument } from "@/features/graph/model/normalizeDocument";
import { nearestPath, type Path, ROOT, scopeOf, withScope } from "@/features/graph/model/scope";
import { reportIn } from "@/features/graph/model/scopeReport";
import type { Graph, NodeReport, Report } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

/** Where the last edit is stored: not yet, only on this page, in this browser, or on the server. */
type DraftState = "clean" | "pending" | "nowhere" | "browser" | "server";

export interface GraphState {
  /** The document: always complete. */
  graph: Graph;
  /** The open block, by the Block nodes that lead to it; empty for the graph itself. */
  path: Path;
  /** Id on the server; null before it is stored. */
  graphId: string | null;
  /** The stored version that this document is based on. */
  version: number | null;
  /** The server's revision, also of drafts, that this document is based on. */
  revision: number | null;
  /** The document as of that version, by identity; differs while there are unsaved edits. */
  saved: Graph;
  draft: DraftState;
  report: Report | null;
  /** What had to be repaired before the document could be drawn, one sentence each. */
  repairs: readonly string[];
  /** True while the report is older than the document. */
  validating: boolean;
}

const blank = emptyGraph();

export const useGraph = create<GraphState>()(
  temporal(
    (): GraphState => ({
      graph: blank,
      path: ROOT,
      graphId: null,
      version: null,
      revision: null,
      saved: blank,
      draft: "clean",
      report: null,
      repairs: [],
      validating: false,
    }),
    {
      limit: 200,
      partialize: ({ graph }) => ({ graph }),
      equality: (past, current) => past.graph === current.graph,
    },
  ),
);

/** Return the open scope: the document, or the inside of a block as a graph. */
export function openScope({ graph, path }: Pick<GraphState, "graph" | "path">): Graph {
  return scopeOf(graph, nearestPath(graph, path));
}

type Shown = Pick<GraphState, "graph" | "path" | "report">;

/** Return the server's report on the open scope, by the ids there. */
export function openReport({ graph, path, report }: Shown): Report | null {
  return reportIn(report, graph, nearestPath(graph, path));
}

/** Return the server's report on the open block, as a node of the surrounding scope. */
export function outerReport({ graph, path, report }: Shown): NodeReport | undefined {
  const here = nearestPath(graph, path);
  return ownValue(reportIn(report, graph, here.slice(0, -1))?.nodes, here.at(-1) ?? "");
}

// A block that an undo or another edit removed is closed.
useGraph.subscribe(({ graph, path }) => {
  const there = nearestPath(graph, path);
  if (there !== path) useGraph.setState({ path: there });
});

/** Change the open scope by a pure function; one call is one undo step, no change is none. */
export function edit(change: (scope: Graph) => Graph): void {
  const { path } = useGraph.getState();
  editDocument((graph) => withScope(graph, path, change(scopeOf(graph, path))));
}

/** Change the full document, whatever scope is open. */
export function editDocument(change: (graph: Graph) => Graph): void {
  const { graph } = useGraph.getState();
  const next = withSettledGroups(graph, change(graph));
  if (next !== graph) useGraph.setState({ graph: next, draft: "pending" });
}

/** Change the open scope as part of the last undo step. */
export function extend(change: (scope: Graph) => Graph): void {
  const history = useGraph.temporal.getState();
  history.pause();
  edit(change);
  history.resume();
}

/** Change the open scope without an undo step, such as a first layout; it does not count as an edit. */
export function amend(change: (scope: Graph) => Graph): void {
  const history = useGraph.temporal.getState();
  history.pause();
  useGraph.setState(({ graph, path, saved }) => {
    const next = withScope(graph, path, change(scopeOf(graph, path)));
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
  // First, so that subscribers to the document see that it is not saved yet.
  useGraph.setState({ draft: "pending" });
  step();
}

/** Return how many steps can be undone and redone. */
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
  /** The document of the version, if `graph` is a newer draft of it. */
  saved?: Graph;
  draft?: DraftState;
}

/** Open another document; its history starts empty. */
export function openDocument(opened: Opened): void {
  const { graphId, version, revision = null, draft = "clean" } = opened;
  const { graph, repairs } = normalizeDocument(complete(opened.graph));
  const { saved: stored = opened.graph } = opened;
  // A repaired document differs from the stored one.
  const saved = stored === opened.graph && repairs.length === 0 ? graph : stored;
  useGraph.setState({
    graph,
    path: ROOT,
    graphId,
    version,
    revision,
    saved,
    draft,
    report: null,
    repairs,
  });
  useGraph.temporal.getState().clear();
}

/** Remove deleted nodes from groups, so that no edit leaves them there. */
function withSettledGroups(before: Graph, now: Graph): Graph {
  const graph = settled(before, now);
  if (graph.blocks === before.blocks) return graph;
  const blocks = Object.entries(graph.blocks).map(
    ([id, block]) => [id, settled(ownValue(before.blocks, id), block)] as const,
  );
  const same = blocks.every(([id, block]) => block === ownValue(graph.blocks, id));
  return same ? graph : { ...graph, blocks: Object.fromEntries(blocks) };
}

/** A document from a script or an older version may lack blocks, groups or notes. */
function complete(graph: Graph): Graph {
  const { blocks = {} }: Partial<Graph> = graph;
  if (graph.blocks && [graph, ...Object.values(blocks)].every(isAnnotated)) return graph;
  const inner = Object.entries(blocks).map(([id, block]) => [id, annotated(block)] as const);
  return { ...annotated(graph), blocks: Object.fromEntries(inner) };
}

function isAnnotated({ groups, notes }: Partial<Pick<Graph, "groups" | "notes">>): boolean {
  const items = Array.isArray(groups) && Array.isArray(notes) ? [...groups, ...notes] : null;
  return items?.every(({ id }) => id) ?? false;
}

function annotated<Of extends Partial<Pick<Graph, "groups" | "notes">>>(part: Of) {
  return { ...part, groups: groupsIn(part.groups), notes: notesIn(part.notes) };
}

/** Whether the document differs from its stored version. */
export function isDirty(state: GraphState): boolean {
  return state.graph !== state.saved;
}
