import { api, call, callWithResponse } from "./client";
import type { Artifact, Graph, Point, Predictions, Run, RunEvent, RunState } from "./types";

const one = (id: string) => ({ params: { path: { run_id: id } } });

export async function createRun(graph: Graph, seed: number): Promise<Run> {
  return (await call(api.POST("/api/runs", { body: { graph, seed, tags: [] } }))) as Run;
}

interface RunQuery {
  state?: RunState | undefined;
  search?: string | undefined;
  limit: number;
}

/** Runs, the newest first, and how many there are in all. */
export async function listRuns(query: RunQuery): Promise<{ runs: Run[]; total: number }> {
  const { data, response } = await callWithResponse(api.GET("/api/runs", { params: { query } }));
  return { runs: data as Run[], total: Number(response.headers.get("X-Total-Count")) };
}

export async function readRun(id: string): Promise<Run> {
  return (await call(api.GET("/api/runs/{run_id}", one(id)))) as Run;
}

export async function renameRun(id: string, name: string): Promise<Run> {
  return (await call(api.PATCH("/api/runs/{run_id}", { ...one(id), body: { name } }))) as Run;
}

export async function deleteRun(id: string): Promise<void> {
  await call(api.DELETE("/api/runs/{run_id}", one(id)));
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
