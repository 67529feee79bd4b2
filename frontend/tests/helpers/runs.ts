/** Runs and their events as the server records them. */
import type { Run, RunEvent } from "@/shared/api/types";

export function runOf(id: string, rest: Partial<Run> = {}): Run {
  return {
    id,
    name: `Net · ${id}`,
    state: "running",
    seed: 0,
    tags: [],
    graph_id: null,
    graph_name: "Net",
    parent: null,
    progress: {
      epoch: 0,
      epochs: 10,
      step: 0,
      steps: 100,
      kept_epoch: null,
      samples_per_second: null,
      seconds_left: null,
    },
    metrics: {},
    error: null,
    datasets: [],
    parameters: null,
    device: "cpu",
    threads: 1,
    versions: {},
    created: 1_700_000_000,
    started: 1_700_000_001,
    ended: null,
    duration: null,
    seq: 0,
    relation: null,
    study: null,
    fingerprint: null,
    batch: null,
    variant: null,
    notices: [],
    code: {},
    starred: false,
    note: "",
    recovery: { released: false, resuming: false, requeued_at: null, requeues: 0 },
    downsampled: false,
    obstacle: null,
    ...rest,
  };
}

type Omitted<Union> = Union extends unknown ? Omit<Union, "run" | "seq" | "time" | "cursor"> : never;

/** The content of an event, without run, number and time. */
export type Fact = Omitted<RunEvent>;

export const points = (...steps: number[]): Fact => ({
  type: "metrics",
  series: { batch_loss: steps.map((step) => [step, 0, 1 / step]) },
  summary: {},
});

export const log = (message: string): Fact => ({ type: "log", level: "info", message, node: null });

export const state = (
  state: Run["state"],
  error: Run["error"] = null,
  where: Partial<Pick<Run, "device" | "threads">> = {},
): Fact => ({
  type: "state",
  state,
  error,
  device: null,
  threads: null,
  ...where,
});

export const nodeEvent = (node: string, status: "started" | "ended" | "failed"): Fact => ({
  type: "node",
  node,
  status,
  seconds: null,
  message: "",
});
