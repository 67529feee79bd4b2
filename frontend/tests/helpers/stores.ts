/** Puts the stores back to how a fresh page has them. */
import type { StoreApi } from "zustand";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openDocument, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { useRuns } from "@/features/runs/store/runs";
import type { Graph } from "@/shared/api/types";
import { useServer } from "@/shared/store/server";
import { useUi } from "@/shared/store/ui";
import { TYPES } from "./catalogue";

function reset<State>(store: StoreApi<State>): void {
  store.setState(store.getInitialState(), true);
}

/** A fresh page that knows the catalogue and has this document open, as version 1 of the graph "g1". */
export function freshPage(graph?: Graph): void {
  for (const store of [useViewState, useRuns, useServer, useUi]) reset(store as StoreApi<unknown>);
  reset(useGraph);
  useGraph.temporal.getState().clear();
  useCatalogue.setState({ types: TYPES, unavailable: [], diagnostics: [], status: "ready" });
  if (graph) openDocument({ graph, graphId: "g1", version: 1 });
}
