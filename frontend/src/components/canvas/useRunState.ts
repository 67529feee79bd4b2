import { useRuns } from "@/store/runs";

export type RunLook = "idle" | "queued" | "running" | "done" | "failed";

/** How far the active run is with a node. */
export function useRunState(id: string): RunLook {
  return useRuns((state) => state.nodes[id]?.status ?? "idle");
}

/** Why the active run failed at this node; undefined where it did not. */
export function useRunMessage(id: string): string | undefined {
  return useRuns((state) => (state.nodes[id]?.status === "failed" ? state.nodes[id].message : undefined));
}
