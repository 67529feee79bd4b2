import { api, call } from "./client";
import type {
  Graph,
  NewStudy,
  StrategyInfo,
  Study,
  StudyCell,
  StudyCurves,
  StudyPatch,
  StudyPreview,
  StudyResults,
} from "./types";

const one = (id: string) => ({ params: { path: { study_id: id } } });

/** The strategies of studies in the order in which they are offered. */
export async function listStrategies(): Promise<StrategyInfo[]> {
  return call(api.GET("/api/studies/strategies"));
}

/** The variants of a study, whether each can be trained, and what it costs. Starts nothing. */
export async function previewStudy(body: NewStudy, signal?: AbortSignal): Promise<StudyPreview> {
  const request = { body, ...(signal && { signal }) };
  return await call(api.POST("/api/studies/preview", request));
}

export async function createStudy(body: NewStudy): Promise<Study> {
  return await call(api.POST("/api/studies", { body }));
}

export async function listStudies(signal?: AbortSignal): Promise<Study[]> {
  const query = { params: { query: { limit: 1000 } }, ...(signal && { signal }) };
  return await call(api.GET("/api/studies", query));
}

export async function patchStudy(id: string, patch: StudyPatch): Promise<Study> {
  return await call(api.PATCH("/api/studies/{study_id}", { ...one(id), body: patch }));
}

/** Deletes a study, and its runs where requested. */
export async function deleteStudy(id: string, runs: boolean): Promise<void> {
  const params = { path: { study_id: id }, query: { runs } };
  await call(api.DELETE("/api/studies/{study_id}", { params }));
}

export type StudyCommand = "pause" | "resume" | "stop" | "retry";

export async function commandStudy(id: string, command: StudyCommand): Promise<Study> {
  return await call(api.POST(`/api/studies/{study_id}/${command}`, one(id)));
}

export async function addStudySeeds(id: string, seeds: number[]): Promise<Study> {
  return await call(api.POST("/api/studies/{study_id}/seeds", { ...one(id), body: { seeds } }));
}

export async function readStudyResults(id: string): Promise<StudyResults> {
  // openapi-fetch takes tuples for arrays
  return (await call(api.GET("/api/studies/{study_id}/results", one(id)))) as StudyResults;
}

export async function readStudyCells(id: string): Promise<StudyCell[]> {
  return await call(api.GET("/api/studies/{study_id}/cells", one(id)));
}

export async function readStudyCurves(id: string, metric: string): Promise<StudyCurves> {
  const params = { path: { study_id: id }, query: { metric } };
  return await call(api.GET("/api/studies/{study_id}/curves", { params }));
}

/** The graph of a study, or of one of its variants. */
export async function readStudyGraph(id: string, variant = ""): Promise<Graph> {
  const params = { path: { study_id: id }, query: { variant } };
  return await call(api.GET("/api/studies/{study_id}/graph", { params }));
}

export type ExportFormat = "latex" | "markdown" | "csv" | "parquet" | "json" | "svg" | "pdf";

/** The address of a study's file. */
export const exportUrl = (id: string, format: ExportFormat): string =>
  `/api/studies/${encodeURIComponent(id)}/export?format=${format}`;

/** The same file as text, for those formats that are text. */
export async function readStudyExport(id: string, format: "latex" | "markdown"): Promise<string> {
  const params = { path: { study_id: id }, query: { format } };
  const answer = api.GET("/api/studies/{study_id}/export", { params, parseAs: "text" });
  return (await call(answer as Promise<{ data?: unknown; response: Response }>)) as string;
}
