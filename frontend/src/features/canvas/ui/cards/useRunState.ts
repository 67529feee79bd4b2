import { type GraphState, useGraph } from "@/features/graph/store/graph";
import { runAt } from "@/features/runs/model/nodeRuns";
import { activeRun, type NodeRun, type RunsState, useRuns } from "@/features/runs/store/runs";

/** What the run that is shown says of a node; nothing while another graph is open than it was made from. */
function nodeRun({ graph, path }: GraphState, runs: RunsState, id: string): NodeRun | undefined {
  return activeRun(runs)?.graph_name === graph.name ? runAt(runs.nodes, graph, path, id) : undefined;
}

/** The same, followed: a card is drawn anew only when its own run says something else, not with every edit. */
function useNodeRun(id: string): NodeRun | undefined {
  useGraph((state) => nodeRun(state, useRuns.getState(), id));
  return useRuns((state) => nodeRun(useGraph.getState(), state, id));
}

/** What a node does in the run that is shown. */
export function useRunState(id: string): NodeRun["status"] | "idle" {
  return useNodeRun(id)?.status ?? "idle";
}

/** Why a node failed in the run that is shown. */
export function useRunMessage(id: string): string | undefined {
  const run = useNodeRun(id);
  return run?.status === "failed" ? run.message : undefined;
}
