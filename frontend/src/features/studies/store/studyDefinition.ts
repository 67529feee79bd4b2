/** The definition of a study, kept per graph while its dialog is closed, and its undo: one call is one step. */

import { temporal } from "zundo";
import { create, createStore, useStore } from "zustand";
import { useGraph } from "@/features/graph/store/graph";
import type { StudyDraft } from "@/features/studies/model/studyPlan";
import { ownValue } from "@/shared/lib/ownValue";

const STEPS = 200;

interface Definition {
  draft: StudyDraft | undefined;
}

const begun = (draft?: StudyDraft) =>
  createStore<Definition>()(
    temporal((): Definition => ({ draft }), {
      limit: STEPS,
      equality: (past, current) => past.draft === current.draft,
    }),
  );
type DefinitionStore = ReturnType<typeof begun>;

const NONE = begun();

/** By graph, each with a history of its own. */
const useDefinitions = create<Readonly<Record<string, DefinitionStore>>>()(() => ({}));

const key = (): string => useGraph.getState().graphId ?? "";
const here = (): DefinitionStore => ownValue(useDefinitions.getState(), key()) ?? NONE;

const useHere = (): DefinitionStore => {
  const id = useGraph((state) => state.graphId ?? "");
  return useDefinitions((stores) => ownValue(stores, id) ?? NONE);
};

/** The draft for the open graph; undefined before the dialog was first opened. */
export const useDraft = (): StudyDraft | undefined => useStore(useHere(), (state) => state.draft);
export const draftNow = (): StudyDraft | undefined => here().getState().draft;

/** Starts the definition for the open graph, without a history. */
export function beginDraft(draft: StudyDraft): void {
  useDefinitions.setState({ [key()]: begun(draft) });
}

/**
 * Changes the draft. A change by a field that loses the focus is applied a moment later: a dialog takes the focus
 * when an element disappears while nothing is focused.
 */
export function changeDraft(change: Partial<StudyDraft>): void {
  if (document.activeElement === document.body) setTimeout(() => writeDraft(change));
  else writeDraft(change);
}

/** Changes the draft automatically, as part of the previous step. */
export function amendDraft(change: Partial<StudyDraft>): void {
  const history = here().temporal.getState();
  history.pause();
  writeDraft(change);
  history.resume();
}

/** Changes the draft at once; a change without effect is not a step. */
export function writeDraft(change: Partial<StudyDraft>): void {
  const draft = draftNow();
  if (draft && differs(draft, change)) here().setState({ draft: { ...draft, ...change } });
}

function differs(draft: StudyDraft, change: Partial<StudyDraft>): boolean {
  const names = Object.keys(change) as (keyof StudyDraft)[];
  return names.some(
    (name) => draft[name] !== change[name] && JSON.stringify(draft[name]) !== JSON.stringify(change[name]),
  );
}

export const undoDraft = (): void => here().temporal.getState().undo();
export const redoDraft = (): void => here().temporal.getState().redo();

/** How many steps can be undone and redone. */
export function useDraftHistory(): { past: number; future: number } {
  const { temporal } = useHere();
  const past = useStore(temporal, (state) => state.pastStates.length);
  const future = useStore(temporal, (state) => state.futureStates.length);
  return { past, future };
}
