import { runAt } from "@/lib/nodeRuns";
import { useGraph } from "@/store/graph";
import { activeRun, type NodeRun, useRuns } from "@/store/runs";

/** What the run that is shown says of a node; nothing while another graph is open than it was made from. */
function useNodeRun(id: string): NodeRun | undefined {
  const name = useGraph((state) => state.graph.name);
  const graph = useGraph((state) => state.graph);
  const path = useGraph((state) => state.path);
  return useRuns((state) =>
    activeRun(state)?.graph_name === name ? runAt(state.nodes, graph, path, id) : undefined,
  );
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
