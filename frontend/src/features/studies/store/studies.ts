/** Studies: which one is shown, and actions on it. Their records and results are loaded by `useStudies`. */

import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";
import { locateNode } from "@/features/graph/model/scope";
import { openAsNew, reportError } from "@/features/graph/store/documents";
import { useGraph } from "@/features/graph/store/graph";
import { goTo } from "@/features/graph/store/scope";
import { fitSelection, select } from "@/features/graph/store/viewState";
import { bringRuns, showRunsOf } from "@/features/runs/store/runList";
import type { PairKeys } from "@/features/studies/model/variantPair";
import * as server from "@/shared/api/studies";
import type { NewStudy, Study, StudyPatch } from "@/shared/api/types";
import { toast } from "@/shared/store/toast";
import { tolerantStorage } from "@/shared/store/tolerantStorage";
import { openDialog, openDrawer, selectRuns } from "@/shared/store/ui";
import { useOverlay } from "./overlay";

interface StudyView {
  /** The study that the panel shows; null for the list. */
  shown: string | null;
  /** Its variants that are compared side by side; null for the table of all. */
  compared: PairKeys | null;
  /** The nodes, in order of selection, of a study being defined. */
  parts: readonly string[];
  /** Incremented when a study is changed here: loaded studies are then out of date. */
  revision: number;
}

export const useStudyView = create<StudyView>()(() => ({
  shown: null,
  compared: null,
  parts: [],
  revision: 0,
}));

/** Columns of the table that the user showed or hid, by key; kept in this browser. */
export const useStudyColumns = create<{ columns: Record<string, boolean> }>()(
  persist(() => ({ columns: {} }), {
    name: "visdl.study-columns",
    storage: createJSONStorage(() => tolerantStorage),
    version: 1,
  }),
);

export function chooseColumn(key: string, shown: boolean): void {
  useStudyColumns.setState(({ columns }) => ({ columns: { ...columns, [key]: shown } }));
}

/** Shows a study in the drawer, or the list of all. */
export function showStudy(id: string | null): void {
  useStudyView.setState(({ shown, compared }) => ({ shown: id, compared: shown === id ? compared : null }));
  openDrawer("studies");
}

/** Compares two variants of the shown study side by side; null returns to all of them. */
export function compareVariants(compared: PairKeys | null): void {
  useStudyView.setState({ compared });
}

/** Shows the effects of a study, or of none, on the cards of the canvas. */
export function overlayStudy(id: string | null): void {
  useOverlay.setState({ study: id });
}

/** Opens the definition of a study of these nodes. */
export function defineStudy(parts: readonly string[]): void {
  useStudyView.setState({ parts });
  openDialog("study");
}

/** Starts a study and shows it; false, with a toast, where the server rejects it. */
export async function startStudy(plan: NewStudy): Promise<boolean> {
  const study = await attempt(() => server.createStudy(plan));
  if (!study) return false;
  showStudy(study.id);
  overlayStudy(study.id);
  return true;
}

export async function commandStudy(id: string, command: server.StudyCommand): Promise<void> {
  await attempt(() => server.commandStudy(id, command));
}

export async function addSeeds(id: string, seeds: number[]): Promise<boolean> {
  return (await attempt(() => server.addStudySeeds(id, seeds))) !== null;
}

export async function patchStudy(id: string, patch: StudyPatch): Promise<void> {
  await attempt(() => server.patchStudy(id, patch));
}

export async function removeStudy({ id, name }: Study, runs: boolean): Promise<void> {
  const done = await attempt(async () => {
    await server.deleteStudy(id, runs);
    return true;
  });
  if (!done) return;
  useStudyView.setState(({ shown }) => ({ shown: shown === id ? null : shown }));
  useOverlay.setState(({ study }) => ({ study: study === id ? null : study }));
  toast.success(`Deleted the study “${name}”.`);
}

/** Opens the network of a variant as a graph of its own. */
export async function openVariant(id: string, variant: string): Promise<void> {
  const graph = await attempt(() => server.readStudyGraph(id, variant));
  if (graph) await openAsNew(graph);
}

/** Shows the list of a study's runs with these selected. */
export async function showStudyRuns(study: string, ids: string[]): Promise<void> {
  await bringRuns(ids);
  selectRuns(ids);
  showRunsOf({ study });
}

/** Selects nodes on the canvas and reveals them; path ids such as "encoder/fc". */
export function selectParts(parts: readonly string[]): void {
  const { graph } = useGraph.getState();
  const places = parts.flatMap((part) => locateNode(graph, part) ?? []);
  const [first] = places;
  const part = parts.find((one) => locateNode(graph, one));
  if (!first || part === undefined) {
    toast.info("These parts are not in the open graph.");
    return;
  }
  goTo(part);
  const here = places.filter(({ path }) => path.join("/") === first.path.join("/"));
  select(here.map(({ node }) => node));
  if (here.length > 1) fitSelection();
}

/** Copies a study's table to the clipboard, for a paper or a page. */
export async function copyTable(id: string, format: "latex" | "markdown"): Promise<void> {
  const text = await attempt(() => server.readStudyExport(id, format));
  if (text !== null)
    await copyText(text, `Copied the table as ${format === "latex" ? "LaTeX" : "Markdown"}.`);
}

export async function copyText(text: string, confirmation: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast.success(confirmation);
  } catch {
    toast.error("The browser does not let the page write to the clipboard. Export the file instead.");
  }
}

async function attempt<Answer>(act: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await act();
  } catch (error) {
    reportError(error);
    return null;
  } finally {
    useStudyView.setState(({ revision }) => ({ revision: revision + 1 }));
  }
}
