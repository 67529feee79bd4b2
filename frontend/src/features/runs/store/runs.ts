/** The runs as the server reports them: a loaded list, kept fresh by its events. */

import { create } from "zustand";
import { reportError, reportUnlessAway } from "@/features/graph/store/documents";
import { useGraph } from "@/features/graph/store/graph";
import { describeEnd } from "@/features/runs/model/runs";
import { ApiError } from "@/shared/api/client";
import {
  commandRun,
  createRun,
  extendRun,
  listRuns,
  type RunCommand,
  readLog,
  readRun,
  rerun,
} from "@/shared/api/runs";
import { openSocket, type SocketState } from "@/shared/api/socket";
import type { Graph, Report, Run, RunEvent, RunState, TrainingMessage } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { toast } from "@/shared/store/toast";
import { openDrawer, selectRuns, useUi } from "@/shared/store/ui";
import { addLive, forgetCurves, loadCurves, renewCurves } from "./series";

export interface NodeRun {
  status: "queued" | "running" | "done" | "failed";
  message?: string;
}

export interface RunsState {
  runs: Readonly<Record<string, Run>>;
  /** The run that the training panel, the logs and the cards on the canvas show. */
  activeRunId: string | null;
  nodes: Readonly<Record<string, NodeRun>>;
  /** Events of the active run, without points and progress. */
  log: readonly RunEvent[];
  socket: SocketState;
  /** True from the click on Run until the server answers. */
  starting: boolean;
  seed: number;
  /** Incremented when a run is added, deleted or changes its state: lists of runs are then out of date. */
  revision: number;
}

const PAGE = 100;
const ENDED: readonly RunState[] = ["completed", "stopped", "failed", "interrupted"];
const NO_NODES: Record<string, NodeRun> = {};

export const useRuns = create<RunsState>()(() => ({
  runs: {},
  activeRunId: null,
  nodes: NO_NODES,
  log: [],
  socket: "connecting",
  starting: false,
  seed: 0,
  revision: 0,
}));

export const isEnded = (run: Run | undefined): boolean => run === undefined || ENDED.includes(run.state);

export function activeRun(state: RunsState): Run | undefined {
  return state.activeRunId === null ? undefined : ownValue(state.runs, state.activeRunId);
}

/** The run that is training now, if any: what Pause, Resume and Stop act on. */
export function liveRun(state: RunsState): Run | undefined {
  const active = activeRun(state);
  if (!isEnded(active)) return active;
  return Object.values(state.runs).find((run) => !isEnded(run));
}

/** Puts runs into the store, except where an event has already reported something newer. */
export function put(...runs: Run[]): void {
  const { runs: known } = useRuns.getState();
  const changed = keep(runs).some((run) => ownValue(known, run.id)?.state !== run.state);
  if (changed) useRuns.setState(({ revision }) => ({ revision: revision + 1 }));
}

/** Stores the runs of a loaded list, without marking lists as out of date; returns those that were not older than known. */
export function keep(runs: Run[]): Run[] {
  for (const run of runs) if (!followed.has(run.id)) followed.set(run.id, run.seq);
  const { runs: known } = useRuns.getState();
  const newer = runs.filter((run) => (ownValue(known, run.id)?.seq ?? 0) <= run.seq);
  useRuns.setState({ runs: { ...known, ...Object.fromEntries(newer.map((run) => [run.id, run])) } });
  return newer;
}

let cursor: number | null = null;

/**
 * Per run, the last event that its curves and its log certainly contain: later ones are still to be applied,
 * even where the record itself, which answers contain too, is newer.
 */
const followed = new Map<string, number>();

/** Follows all runs until the returned function is called. */
export function followRuns(): () => void {
  return openSocket({
    path: () => `/ws/training${cursor === null ? "" : `?cursor=${cursor}`}`,
    onState: (socket) => {
      useRuns.setState({ socket });
      if (socket === "open") void refreshRuns();
    },
    onMessage: (data) => {
      const message = JSON.parse(data) as TrainingMessage;
      // After a resync the server sends what was missed on its own.
      if (message.type !== "resync") take(message);
    },
  });
}

/** Loads the newest runs, and what was missed of them; the first time, one is selected to be shown. */
async function refreshRuns(): Promise<void> {
  try {
    const { runs } = await listRuns({ limit: PAGE });
    put(...runs);
    for (const { id, seq } of runs) if (seq > (followed.get(id) ?? seq)) catchUp(id, seq);
    const first = runs.find((run) => !isEnded(run)) ?? runs[0];
    const shown = useRuns.getState().activeRunId ?? first?.id;
    if (shown !== undefined) await showRun(shown);
  } catch (error) {
    reportUnlessAway(error);
  }
}

function take(event: RunEvent): void {
  cursor = event.cursor ?? cursor;
  // Points have their steps, so adding them twice is harmless.
  if (event.type === "metrics") addLive(event.run, event.series);
  const run = ownValue(useRuns.getState().runs, event.run);
  const last = followed.get(event.run);
  if (!run || last === undefined || event.seq > last + 1) {
    void bring(event.run, event.seq);
    return;
  }
  if (event.seq <= last) return;
  followed.set(event.run, event.seq);
  if (event.seq > run.seq) put(apply(run, event));
  if (event.run === useRuns.getState().activeRunId) note(event);
  if (event.type === "state" && ENDED.includes(event.state)) void ended(event.run);
}

/** A run as it is after an event. */
function apply(run: Run, event: RunEvent): Run {
  const next = { ...run, seq: event.seq };
  if (event.type === "progress") return { ...next, progress: event.progress };
  if (event.type === "metrics") return { ...next, metrics: { ...run.metrics, ...event.summary } };
  if (event.type !== "state") return next;
  const started = event.state === "starting" ? (run.started ?? event.time) : run.started;
  return {
    ...next,
    state: event.state,
    error: event.error,
    started,
    device: event.device ?? run.device,
    threads: event.threads ?? run.threads,
    recovery: { ...next.recovery, resuming: false, released: false },
  };
}

/** Per run that is being loaded, the last event that the answer must include. */
const asked = new Map<string, number>();

/** Loads a run that is new here, or of which events were missed: once, however many events arrive. */
async function bring(id: string, seq: number): Promise<void> {
  const under = asked.has(id);
  asked.set(id, Math.max(seq, asked.get(id) ?? 0));
  if (under) return;
  let run: Run | null;
  do run = await reread(id);
  while (run && run.seq < (asked.get(id) ?? 0));
  asked.delete(id);
  if (!run) return;
  put(run);
  catchUp(id, run.seq);
  if (id === useRuns.getState().activeRunId) await showRun(id);
}

/** A run as the server has it now; null where the server does not answer, or no longer has it. */
async function reread(id: string): Promise<Run | null> {
  try {
    return await readRun(id);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) drop(id);
    return null;
  }
}

/** Events up to this one were missed: the curves are reloaded. */
function catchUp(id: string, seq: number): void {
  followed.set(id, seq);
  renewCurves(id).catch(reportUnlessAway);
}

/** Loads the final record of a run that has ended, and shows a toast to a user who was away. */
async function ended(id: string): Promise<void> {
  const record = await reread(id);
  if (record) put(record);
  const run = ownValue(useRuns.getState().runs, id);
  if (!run) return;
  const notify = run.state === "failed" ? toast.error : toast.info;
  if (document.hidden || run.state === "failed") {
    notify(describeEnd(run), {
      ...(run.error?.hint && { description: run.error.hint }),
      ...(document.hidden && { duration: 60_000 }),
    });
  }
}

/** Shows a run: its curves, log and node states. */
export async function showRun(id: string): Promise<void> {
  if (useRuns.getState().activeRunId !== id) useRuns.setState({ activeRunId: id, nodes: NO_NODES, log: [] });
  try {
    const [kept] = await Promise.all([readLog(id), loadCurves(id)]);
    if (useRuns.getState().activeRunId !== id) return;
    useRuns.setState((state) => {
      const last = kept.at(-1)?.seq ?? 0;
      const live = state.log.filter((event) => event.seq > last);
      const log = [...kept, ...live];
      return { log, nodes: log.reduce(mark, NO_NODES) };
    });
  } catch (error) {
    reportUnlessAway(error);
  }
}

function note(event: RunEvent): void {
  if (event.type === "metrics" || event.type === "progress") return;
  useRuns.setState((state) => {
    // What was loaded may be ahead of the event.
    if (event.seq <= (state.log.at(-1)?.seq ?? 0)) return state;
    return { log: [...state.log, event], nodes: mark(state.nodes, event) };
  });
}

function mark(nodes: Readonly<Record<string, NodeRun>>, event: RunEvent): Readonly<Record<string, NodeRun>> {
  if (event.type === "node") {
    const status = { started: "running", ended: "done", failed: "failed" } as const;
    return { ...nodes, [event.node]: { status: status[event.status] } };
  }
  if (event.type === "state" && event.error?.node) {
    return { ...nodes, [event.error.node]: { status: "failed", message: event.error.message } };
  }
  return nodes;
}

/** The run that was started last on this page, and from what: repeating it would give the same numbers. */
let lastStarted: { id: string; graph: Graph; seed: number } | null = null;

/**
 * Starts a run of the open document. Clicks while one is being started are ignored; where the same graph and
 * seed are waiting or training already, a toast reports it, and another starts only when `again` is true.
 */
export async function startRun(again = false): Promise<void> {
  const { starting, seed, runs } = useRuns.getState();
  const { graph } = useGraph.getState();
  if (starting) return;
  const same =
    lastStarted?.graph === graph && lastStarted.seed === seed ? ownValue(runs, lastStarted.id) : undefined;
  if (same && !isEnded(same) && !again) {
    toast.info(`This graph with seed ${seed} is ${same.state} already.`, {
      id: "same-run",
      description: "Another run would give the same numbers. Change the seed to see the effect of chance.",
      action: { label: "Run anyway", onClick: () => void startRun(true) },
    });
    return;
  }
  useRuns.setState({ starting: true });
  await follow(async () => {
    const run = await createRun(graph, seed);
    lastStarted = { id: run.id, graph, seed };
    return run;
  });
  useRuns.setState({ starting: false });
}

async function order(command: RunCommand, id = liveRun(useRuns.getState())?.id): Promise<void> {
  if (id === undefined) return;
  try {
    put(await commandRun(id, command));
  } catch (error) {
    reportError(error);
  }
}

export const pauseRun = (): Promise<void> => order("pause");
export const stopRun = (): Promise<void> => order("stop");

/** Resumes the paused run, or the interrupted one that is shown. */
export function resumeRun(): Promise<void> {
  const state = useRuns.getState();
  const shown = activeRun(state);
  return order("resume", shown?.state === "interrupted" ? shown.id : liveRun(state)?.id);
}

export function setSeed(seed: number): void {
  useRuns.setState({ seed });
}

/** A seed other than the last one used. */
export function newSeed(): void {
  setSeed(Math.floor(Math.random() * 1_000_000));
}

/** Forgets runs that no longer exist. */
export function drop(...ids: string[]): void {
  const gone = new Set(ids);
  for (const id of ids) {
    forgetCurves(id);
    followed.delete(id);
  }
  useRuns.setState((state) => {
    const runs = Object.fromEntries(Object.entries(state.runs).filter(([id]) => !gone.has(id)));
    const shown = state.activeRunId !== null && gone.has(state.activeRunId);
    const active = shown ? { activeRunId: null, nodes: NO_NODES, log: [] } : {};
    return { runs, ...active, revision: state.revision + 1 };
  });
  selectRuns(useUi.getState().selectedRunIds.filter((id) => !gone.has(id)));
}

/** Repeats a run: the same graph, data and seed. */
export const repeatRun = (run: Run): Promise<void> => follow(() => rerun(run.id));

/** Trains an ended run for more epochs, as a new run. */
export const trainMore = (run: Run, epochs: number): Promise<void> => follow(() => extendRun(run.id, epochs));

/** Runs the open graph, initialised with the weights of a run where they fit. */
export const runWithWeights = (run: Run): Promise<void> =>
  follow(() => createRun(useGraph.getState().graph, useRuns.getState().seed, run.id));

/** Shows the run that is made. */
async function follow(make: () => Promise<Run>): Promise<void> {
  try {
    const run = await make();
    put(run);
    openDrawer("training");
    await showRun(run.id);
  } catch (error) {
    if (error instanceof ApiError && error.info.report) {
      useGraph.setState({ report: error.info.report as Report });
      openDrawer("problems");
    }
    reportError(error);
  }
}
