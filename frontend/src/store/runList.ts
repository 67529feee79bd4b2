/** What is done in the list of runs: find them, say something of them, delete them. */
import { toast } from "sonner";
import { deleteRuns, listRuns, moveRunToFront, patchRun, type RunPatch, readRunGraph } from "@/api/runs";
import type { Run, RunState } from "@/api/types";
import { plural } from "@/lib/format";
import { openAsNew, reportError } from "./documents";
import { drop, put, useRuns } from "./runs";

/** Brings a page of runs into the store; returns their ids in order, and how many there are in all. */
export async function findRuns(
  search: string,
  state: RunState | undefined,
  starred: boolean,
  limit: number,
): Promise<{ ids: string[]; total: number }> {
  const { runs, total } = await listRuns({
    limit,
    state,
    ...(search && { search }),
    ...(starred && { starred }),
  });
  put(...runs);
  return { ids: runs.map((run) => run.id), total };
}

/** Changes what a user may say of a run: its name, tags, note and star. */
export async function describeRun(id: string, patch: RunPatch): Promise<void> {
  try {
    const run = await patchRun(id, patch);
    put(run);
    useRuns.setState(({ runs }) => {
      const known = runs[id];
      const { name, tags, note, starred } = run;
      return known ? { runs: { ...runs, [id]: { ...known, name, tags, note, starred } } } : {};
    });
  } catch (error) {
    reportError(error);
  }
}

/** Deletes runs; those that train or wait stay, and why is said. */
export async function removeRuns(ids: string[]): Promise<void> {
  try {
    const { deleted, kept } = await deleteRuns(ids);
    for (const id of deleted) drop(id);
    const [first, ...others] = Object.values(kept);
    if (first) {
      const more = others.length > 0 ? ` ${plural(others.length, "other run")} stayed too.` : "";
      toast.error(`${first}${more}`, { description: "Stop it first, then delete it." });
    }
  } catch (error) {
    reportError(error);
  }
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
export async function moveToFront(run: Run): Promise<void> {
  try {
    await moveRunToFront(run.id);
    useRuns.setState(({ revision }) => ({ revision: revision + 1 }));
  } catch (error) {
    reportError(error);
  }
}
