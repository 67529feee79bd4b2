/** The states of a run, by the words that the page shows. */
import type { RunState } from "@/shared/api/types";

const STATES: Record<RunState, string> = {
  queued: "Queued",
  starting: "Starting",
  running: "Running",
  paused: "Paused",
  stopping: "Stopping",
  stopped: "Stopped",
  completed: "Completed",
  failed: "Failed",
  interrupted: "Interrupted",
};

export const RUN_STATES = Object.keys(STATES) as RunState[];

export function stateLabel(state: RunState): string {
  return STATES[state];
}
