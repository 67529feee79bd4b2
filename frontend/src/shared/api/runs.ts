import { api, call, callWithResponse } from "./client";
import type {
  Artifact,
  Graph,
  Point,
  Predictions,
  Run,
  RunEvent,
  RunFacets,
  RunQueue,
  RunState,
} from "./types";

const one = (id: string) => ({ params: { path: { run_id: id } } });

/** Queues a run of a graph; with the weights of another run where its id is given. */
export async function createRun(graph: Graph, seed: number, weightsFrom?: string): Promise<Run> {
  const body = { graph, seed, tags: [], ...(weightsFrom !== undefined && { weights_from: weightsFrom }) };
  return await call(api.POST("/api/runs", { body }));
}

/** The same graph, data and seed once more. */
export async function rerun(id: string): Promise<Run> {
  return await call(api.POST("/api/runs/{run_id}/rerun", { ...one(id), body: {} }));
}

/** More epochs of an ended run, as a run of its own. */
export async function extendRun(id: string, epochs: number): Promise<Run> {
  return await call(api.POST("/api/runs/{run_id}/extend", { ...one(id), body: { epochs } }));
}

export async function prioritizeRun(id: string): Promise<Run> {
  return await call(api.POST("/api/runs/{run_id}/prioritize", one(id)));
}

export async function readQueue(): Promise<RunQueue> {
  return await call(api.GET("/api/queue"));
}

/** A filter of runs; what is omitted matches all. */
export interface RunFilter {
  search?: string;
  state?: RunState;
  tag?: string;
  /** The name that the graph had, or the id of a stored one. */
  graph?: string;
  /** The id of a dataset. */
  dataset?: string;
  starred?: boolean;
  /** The id of a study. */
  study?: string;
}

/** What a list is sorted by: a column, or `metrics.` and a key for its last value. */
export interface RunSort {
  key: string;
  descending: boolean;
}

export interface RunPage {
  limit?: number;
  offset?: number;
}

function runQuery({ state, ...filter }: RunFilter, sort: RunSort | undefined, page: RunPage) {
  const order = sort && { sort: sort.key, order: sort.descending ? ("desc" as const) : ("asc" as const) };
  return { params: { query: { ...filter, ...(state && { state: [state] }), ...order, ...page } } };
}

/** A page of runs, the newest first unless sorted otherwise, and how many there are in all. */
export async function listRuns(
  page: RunPage,
  filter: RunFilter = {},
  sort?: RunSort,
  signal?: AbortSignal,
): Promise<{ runs: Run[]; total: number }> {
  const query = { ...runQuery(filter, sort, page), ...(signal && { signal }) };
  const { data, response } = await callWithResponse(api.GET("/api/runs", query));
  return { runs: data, total: Number(response.headers.get("X-Total-Count")) };
}

/** Their ids alone: all of them, or a stretch. */
export async function listRunIds(filter: RunFilter, sort: RunSort, page: RunPage = {}): Promise<string[]> {
  return await call(api.GET("/api/runs/ids", runQuery(filter, sort, page)));
}

/** Tags, graphs and datasets that runs can be filtered by. */
export async function readFacets(signal?: AbortSignal): Promise<RunFacets> {
  return await call(api.GET("/api/runs/facets", { ...(signal && { signal }) }));
}

export async function readRun(id: string): Promise<Run> {
  return await call(api.GET("/api/runs/{run_id}", one(id)));
}

/** What a user may write about a run. */
export type RunPatch = Partial<Pick<Run, "name" | "tags" | "starred" | "note">>;

export async function patchRun(id: string, patch: RunPatch): Promise<Run> {
  return await call(api.PATCH("/api/runs/{run_id}", { ...one(id), body: patch }));
}

/** What can be changed of many runs at once. */
export interface RunsPatch {
  starred?: boolean;
  add_tags?: string[];
  remove_tags?: string[];
}

/** Changes runs; returns which were changed, and why the others were not. */
export async function patchRuns(
  ids: string[],
  patch: RunsPatch,
): Promise<{ patched: string[]; kept: Record<string, string> }> {
  return await call(api.PATCH("/api/runs", { body: { ids, add_tags: [], remove_tags: [], ...patch } }));
}

/** Deletes runs; returns which were deleted, and why the others were not. A dry run deletes nothing. */
export async function deleteRuns(
  ids: string[],
  dryRun = false,
): Promise<{ deleted: string[]; kept: Record<string, string> }> {
  return await call(api.POST("/api/runs/delete", { body: { ids, dry_run: dryRun } }));
}

export type RunCommand = "pause" | "resume" | "stop";

export async function commandRun(id: string, command: RunCommand): Promise<Run> {
  return await call(api.POST(`/api/runs/{run_id}/${command}`, one(id)));
}

export async function readRunGraph(id: string): Promise<Graph> {
  return await call(api.GET("/api/runs/{run_id}/graph", one(id)));
}

/** The events of a log: all but points and progress, of which a night produces hundreds of thousands. */
const LOGGED = ["state", "node", "checkpoint", "log", "artifact"] as const;

/** The events of a run that its log shows, however many pages they take. */
export async function readLog(id: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const limit = 5000;
  for (let after = 0; ; after = events.at(-1)?.seq ?? after) {
    const params = { path: { run_id: id }, query: { after, limit, type: [...LOGGED] } };
    // openapi-fetch takes tuples for arrays
    const page = (await call(api.GET("/api/runs/{run_id}/events", { params }))) as RunEvent[];
    events.push(...page);
    if (page.length < limit) return events;
  }
}

/** Series by key, downsampled by the server to at most this many points each. */
export async function readSeries(id: string, maxPoints: number): Promise<Record<string, Point[]>> {
  const params = { path: { run_id: id }, query: { max_points: maxPoints } };
  const { series } = await call(api.GET("/api/runs/{run_id}/metrics", { params }));
  return series as Record<string, Point[]>; // openapi-fetch takes tuples for arrays
}

export async function listArtifacts(id: string): Promise<Artifact[]> {
  return await call(api.GET("/api/runs/{run_id}/artifacts", one(id)));
}

export function artifactUrl(id: string, name: string): string {
  return `/api/runs/${encodeURIComponent(id)}/artifacts/${encodeURIComponent(name)}`;
}

/** What the results page draws; null where the run has no evaluation. */
export async function readPredictions(id: string): Promise<Predictions | null> {
  const response = await fetch(artifactUrl(id, "predictions.json"));
  return response.ok ? ((await response.json()) as Predictions) : null;
}
