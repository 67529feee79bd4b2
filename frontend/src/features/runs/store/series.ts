/** The curves of the runs that are shown. Kept outside React: charts read them once per frame. */

import { Series } from "@/features/runs/model/series";
import { readSeries } from "@/shared/api/runs";
import type { Point } from "@/shared/api/types";

type Curves = Map<string, Series>;

const MAX_POINTS = 4000;
const curves = new Map<string, Curves>();
const loading = new Map<string, Promise<void>>();
const listeners = new Set<() => void>();
let frame = 0;

/** Calls `listener` at most once per frame after curves have grown; returns how to unsubscribe. */
export function onCurves(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function announce(): void {
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    for (const listener of listeners) listener();
  });
}

/** The curves of a run by metric key; empty until `loadCurves` has loaded them. */
export function curvesOf(run: string): ReadonlyMap<string, Series> {
  return curves.get(run) ?? new Map();
}

function add(run: string, series: Record<string, Point[]>): void {
  const known = curves.get(run);
  if (!known) return;
  for (const [key, points] of Object.entries(series)) {
    const line = known.get(key) ?? new Series();
    known.set(key, line);
    line.append(points);
  }
  announce();
}

/** Loads the past curves of a run, once; live points wait until they are here. */
export function loadCurves(run: string): Promise<void> {
  const under = loading.get(run);
  if (under) return under;
  const request = readSeries(run, MAX_POINTS).then(
    (series) => {
      // Forgotten or reloaded meanwhile: this answer is out of date.
      if (loading.get(run) !== request) return;
      curves.set(run, new Map());
      add(run, series);
      for (const later of early.get(run) ?? []) add(run, later);
      early.delete(run);
    },
    (error: unknown) => {
      if (loading.get(run) === request) forgetCurves(run);
      throw error;
    },
  );
  loading.set(run, request);
  return request;
}

/** Reloads the past curves of a run that is shown: after a gap. */
export async function renewCurves(run: string): Promise<void> {
  if (!loading.has(run)) return;
  forgetCurves(run);
  await loadCurves(run);
}

const early = new Map<string, Record<string, Point[]>[]>();

/** Adds points that have just been measured. Runs that are not shown are skipped. */
export function addLive(run: string, series: Record<string, Point[]>): void {
  if (curves.has(run)) add(run, series);
  else if (loading.has(run)) early.set(run, [...(early.get(run) ?? []), series]);
}

/** Forgets a run's curves; they are reloaded when they are shown again. */
export function forgetCurves(run: string): void {
  curves.delete(run);
  loading.delete(run);
  early.delete(run);
}
