import { type GraphState, useGraph } from "@/features/graph/store/graph";
import { runAt } from "@/features/runs/model/nodeRuns";
import { activeRun, type NodeRun, type RunsState, useRuns } from "@/features/runs/store/runs";

/** Return what the shown run reports on a node; undefined if it was made from another graph. */
function nodeRun({ graph, path }: GraphState, runs: RunsState, id: string): NodeRun | undefined {
  return activeRun(runs)?.graph_name === graph.name ? runAt(runs.nodes, graph, path, id) : undefined;
}

/** Subscribe to the same: a card is redrawn only when its own state changes, not with every edit. */
function useNodeRun(id: string): NodeRun | undefined {
  useGraph((state) => nodeRun(state, useRuns.getState(), id));
  return useRuns((state) => nodeRun(useGraph.getState(), state, id));
}

/** Return the state of a node in the shown run. */
export function useRunState(id: string): NodeRun["status"] | "idle" {
  return useNodeRun(id)?.status ?? "idle";
}

/** Return why a node failed in the shown run. */
export function useRunMessage(id: string): string | undefined {
  const run = useNodeRun(id);
  return run?.status === "failed" ? run.message : undefined;
}
