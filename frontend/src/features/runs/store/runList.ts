/** The list of runs: its filter and order, and actions on one or many of them. */

import { create } from "zustand";
import { openAsNew, reportError } from "@/features/graph/store/documents";
import { slices } from "@/features/runs/model/runs";
import {
  commandRun,
  deleteRuns,
  listRunIds,
  listRuns,
  patchRun,
  patchRuns,
  prioritizeRun,
  type RunFilter,
  type RunPage,
  type RunPatch,
  type RunSort,
  type RunsPatch,
  readRun,
  readRunGraph,
} from "@/shared/api/runs";
import type { Run } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { toast } from "@/shared/store/toast";
import { openDrawer, selectRuns, useUi } from "@/shared/store/ui";
import { drop, keep, put, useRuns } from "./runs";

interface RunFilterState {
  filter: RunFilter;
  sort: RunSort;
}

/** Maximum runs per request: each is answered within a second, so that progress can be shown. */
const AT_ONCE = 200;

export const useRunFilter = create<RunFilterState>()(() => ({
  filter: {},
  sort: { key: "created", descending: true },
}));

/** Narrows the list, or widens it where a value is undefined. */
export function filterRuns(change: { [Key in keyof RunFilter]: RunFilter[Key] | undefined }): void {
  useRunFilter.setState(({ filter }) => {
    const active = Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined);
    return { filter: Object.fromEntries(active) };
  });
}

export function clearRunFilter(): void {
  useRunFilter.setState({ filter: {} });
}

/** Shows the list with only these runs. */
export function showRunsOf(filter: RunFilter): void {
  useRunFilter.setState({ filter });
  openDrawer("runs");
}

export function sortRuns(sort: RunSort): void {
  useRunFilter.setState({ sort });
}

export interface FoundRuns {
  ids: string[];
  /** How many there are in all. */
  total: number;
  /** Metrics for which these runs have a value. */
  metrics: string[];
}

/** Loads a page of the list into the store. */
export async function findRuns(
  filter: RunFilter,
  sort: RunSort,
  page: RunPage,
  signal?: AbortSignal,
): Promise<FoundRuns> {
  const { runs, total } = await listRuns(page, filter, sort, signal);
  keep(runs);
  const metrics = new Set(runs.flatMap((run) => Object.keys(run.metrics)));
  return { ids: runs.map((run) => run.id), total, metrics: [...metrics] };
}

/** Selects a run, or deselects it. */
export function toggleRun(id: string): void {
  const { selectedRunIds } = useUi.getState();
  const others = selectedRunIds.filter((selected) => selected !== id);
  selectRuns(others.length < selectedRunIds.length ? others : [...others, id]);
}

/** Selects the runs at these positions of the list in addition to the selected ones. */
export async function chooseStretch(from: number, to: number): Promise<void> {
  const offset = Math.min(from, to);
  await choose({ offset, limit: Math.abs(to - from) + 1 }, useUi.getState().selectedRunIds);
}

/** Selects every run that matches the filter. */
export const chooseAll = (): Promise<void> => choose({});

async function choose(page: RunPage, besides: string[] = []): Promise<void> {
  const { filter, sort } = useRunFilter.getState();
  try {
    selectRuns([...new Set([...besides, ...(await listRunIds(filter, sort, page))])]);
  } catch (error) {
    reportError(error);
  }
}

/** The runs with these ids, loaded from the server where the page does not have them. */
export async function bringRuns(ids: string[]): Promise<void> {
  const missing = ids.filter((id) => !ownValue(useRuns.getState().runs, id));
  try {
    keep(await Promise.all(missing.map(readRun)));
  } catch (error) {
    reportError(error);
  }
}

/** Changes what a user may write about a run: its name, tags, note and star. */
export async function describeRun(id: string, patch: RunPatch): Promise<void> {
  try {
    const { name, tags, note, starred } = await patchRun(id, patch);
    describe([id], () => ({ name, tags, note, starred }));
  } catch (error) {
    reportError(error);
  }
}

/** Stars many runs, or adds and removes tags of theirs. */
export async function describeRuns(ids: string[], patch: RunsPatch): Promise<void> {
  const { starred, add_tags = [], remove_tags = [] } = patch;
  try {
    for (const some of slices(ids, AT_ONCE)) {
      const { patched, kept } = await patchRuns(some, patch);
      describe(patched, (run) => ({
        starred: starred ?? run.starred,
        tags: [...new Set([...run.tags, ...add_tags])].filter((tag) => !remove_tags.includes(tag)),
      }));
      reportKept(kept);
    }
    if (ids.length > AT_ONCE) toast.success(`Changed ${plural(ids.length, "run")}.`);
  } catch (error) {
    reportError(error);
  }
}

/** Stores new descriptions of runs, also of those that have progressed meanwhile; lists by tag or name are then out of date. */
function describe(ids: string[], change: (run: Run) => Partial<Run>): void {
  useRuns.setState(({ runs, revision }) => {
    const described = ids.flatMap((id) => {
      const run = ownValue(runs, id);
      return run ? [[id, { ...run, ...change(run) }] as const] : [];
    });
    return { runs: { ...runs, ...Object.fromEntries(described) }, revision: revision + 1 };
  });
}

/** Which of these runs would be kept, and why. */
export async function lastingRuns(ids: string[]): Promise<Record<string, string>> {
  const answers = [];
  for (const some of slices(ids, 10_000)) answers.push((await deleteRuns(some, true)).kept);
  return Object.assign({}, ...answers) as Record<string, string>;
}

/** Deletes runs; those that are training or waiting stay, and the reason is shown. Reports progress. */
export async function removeRuns(
  ids: string[],
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  const stayed: Record<string, string> = {};
  let done = 0;
  try {
    for (const some of slices(ids, AT_ONCE)) {
      const { deleted, kept } = await deleteRuns(some);
      drop(...deleted);
      Object.assign(stayed, kept);
      done += some.length;
      onProgress(done);
    }
  } catch (error) {
    reportError(error);
  }
  reportKept(stayed, "Stop it first, then delete it.");
}

function reportKept(kept: Record<string, string>, description?: string): void {
  const [first, ...others] = Object.values(kept);
  if (!first) return;
  const more = others.length > 0 ? ` ${plural(others.length, "other run")} stayed too.` : "";
  toast.error(`${first}${more}`, description ? { description } : {});
}

/** Opens the graph that a run was made from, as a document of its own. */
export async function openRunGraph(run: Run): Promise<void> {
  try {
    const graph = await readRunGraph(run.id);
    await openAsNew({ ...graph, name: run.name.slice(0, 200) });
  } catch (error) {
    reportError(error);
  }
}

/** Makes a waiting run the next to start. */
export async function moveToFront(id: string): Promise<void> {
  try {
    await prioritizeRun(id);
    useRuns.setState(({ revision }) => ({ revision: revision + 1 }));
  } catch (error) {
    reportError(error);
  }
}

/** Stops a run that trains, or takes one that waits out of the queue. */
export async function cancelRun(id: string): Promise<void> {
  try {
    put(await commandRun(id, "stop"));
  } catch (error) {
    reportError(error);
  }
}
