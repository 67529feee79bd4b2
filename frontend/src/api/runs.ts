import { api, call, callWithResponse } from "./client";
import type { Artifact, Graph, Point, Predictions, Run, RunEvent, RunQueue, RunState } from "./types";

const one = (id: string) => ({ params: { path: { run_id: id } } });

/** Queues a run of a graph; with the weights of another run where its id is given. */
export async function createRun(graph: Graph, seed: number, weightsFrom?: string): Promise<Run> {
  const body = { graph, seed, tags: [], ...(weightsFrom !== undefined && { weights_from: weightsFrom }) };
  return (await call(api.POST("/api/runs", { body }))) as Run;
}

/** The same graph, data and seed once more. */
export async function repeatRun(id: string): Promise<Run> {
  return (await call(api.POST("/api/runs/{run_id}/again", { ...one(id), body: {} }))) as Run;
}

/** More epochs of an ended run, as a run of its own. */
export async function continueRun(id: string, epochs: number): Promise<Run> {
  return (await call(api.POST("/api/runs/{run_id}/continue", { ...one(id), body: { epochs } }))) as Run;
}

export async function moveRunToFront(id: string): Promise<Run> {
  return (await call(api.POST("/api/runs/{run_id}/front", one(id)))) as Run;
}

export async function readQueue(): Promise<RunQueue> {
  return (await call(api.GET("/api/queue"))) as RunQueue;
}

interface RunQuery {
  state?: RunState | undefined;
  search?: string | undefined;
  starred?: boolean | undefined;
  limit: number;
}

/** Runs, the newest first, and how many there are in all. */
export async function listRuns(query: RunQuery): Promise<{ runs: Run[]; total: number }> {
  const { state, ...rest } = query;
  const params = { query: { ...rest, ...(state && { state: [state] }) } };
  const { data, response } = await callWithResponse(api.GET("/api/runs", { params }));
  return { runs: data as Run[], total: Number(response.headers.get("X-Total-Count")) };
}

export async function readRun(id: string): Promise<Run> {
  return (await call(api.GET("/api/runs/{run_id}", one(id)))) as Run;
}

/** What a user may say of a run. */
export type RunPatch = Partial<Pick<Run, "name" | "tags" | "starred" | "note">>;

export async function patchRun(id: string, patch: RunPatch): Promise<Run> {
  return (await call(api.PATCH("/api/runs/{run_id}", { ...one(id), body: patch }))) as Run;
}

/** Deletes runs; says which are gone, and of the others why not. */
export async function deleteRuns(
  ids: string[],
): Promise<{ deleted: string[]; kept: Record<string, string> }> {
  return await call(api.POST("/api/runs/delete", { body: { ids } }));
}

export type RunCommand = "pause" | "resume" | "stop";

export async function commandRun(id: string, command: RunCommand): Promise<Run> {
  return (await call(api.POST(`/api/runs/{run_id}/${command}`, one(id)))) as Run;
}

export async function readRunGraph(id: string): Promise<Graph> {
  return (await call(api.GET("/api/runs/{run_id}/graph", one(id)))) as Graph;
}

/** All events behind `after`, however many pages they take. */
export async function readEvents(id: string, after = 0): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const limit = 5000;
  for (let last = after; ; last = events.at(-1)?.seq ?? last) {
    const params = { path: { run_id: id }, query: { after: last, limit } };
    const page = (await call(api.GET("/api/runs/{run_id}/events", { params }))) as RunEvent[];
    events.push(...page);
    if (page.length < limit) return events;
  }
}

/** Series by key, thinned by the server to at most this many points each. */
export async function readSeries(id: string, maxPoints: number): Promise<Record<string, Point[]>> {
  const params = { path: { run_id: id }, query: { max_points: maxPoints } };
  const { series } = await call(api.GET("/api/runs/{run_id}/metrics", { params }));
  return series as Record<string, Point[]>;
}

export async function listArtifacts(id: string): Promise<Artifact[]> {
  return (await call(api.GET("/api/runs/{run_id}/artifacts", one(id)))) as Artifact[];
}

export function artifactUrl(id: string, name: string): string {
  return `/api/runs/${encodeURIComponent(id)}/artifacts/${encodeURIComponent(name)}`;
}

/** What the results page draws; null where the run has no evaluation. */
export async function readPredictions(id: string): Promise<Predictions | null> {
  const response = await fetch(artifactUrl(id, "predictions.json"));
  return response.ok ? ((await response.json()) as Predictions) : null;
}
