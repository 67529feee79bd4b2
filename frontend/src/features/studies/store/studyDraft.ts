/** The study that is being defined: how its draft begins, and what the server says to it. */
import { create } from "zustand";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import {
  defaultMetric,
  EXPLORATORY,
  freshDraft,
  type How,
  type Kind,
  type PartDraft,
  partKey,
  type StudyDraft,
} from "@/features/studies/model/studyPlan";
import { baseOf, type Network } from "@/features/studies/model/studyPlanNetworks";
import { choicesOf, usualParts } from "@/features/studies/model/studyPlanParts";
import { ApiError } from "@/shared/api/client";
import { previewStudy } from "@/shared/api/studies";
import type { NewStudy, StudyPreview } from "@/shared/api/types";
import { openDialog } from "@/shared/store/ui";
import { defineStudy, startStudy, useStudyView } from "./studies";
import { amendDraft, beginDraft, changeDraft, draftNow, writeDraft } from "./studyDefinition";

interface FieldError {
  message: string;
  hint: string;
  /** The first part of the field that the server names; empty where it names none. */
  field: string;
}

interface Defining {
  preview: StudyPreview | null;
  /** The strategy that the preview is of. */
  previewed: Kind | null;
  /** Why there is no preview of what is asked for. */
  refusal: FieldError | null;
  /** True while the preview is older than what is asked for. */
  pending: boolean;
  starting: boolean;
  /** What fits in the place of nodes, as far as previews have told. */
  offers: StudyPreview["offers"];
}

const NOTHING = {
  preview: null,
  previewed: null,
  refusal: null,
  pending: false,
  starting: false,
  offers: {},
};

export const useStudyDraft = create<Defining>()(() => NOTHING);

const usual = (): StudyDraft =>
  freshDraft(usualParts(choicesOf(useGraph.getState().graph, useCatalogue.getState().types)));

/** Goes on with the draft of this graph; nodes that were asked for are then what it is about. */
export function openDraft(): void {
  const { parts } = useStudyView.getState();
  const asked = parts.map((node): PartDraft => ({ kind: "node", node }));
  const known = draftNow();
  useStudyDraft.setState(NOTHING);
  if (!known) beginDraft(asked.length > 0 ? freshDraft(asked) : usual());
  else if (asked.length > 0 && !isAbout(known, parts)) writeDraft({ kind: "leave_one_out", parts: asked });
}

const isAbout = ({ kind, parts }: StudyDraft, nodes: readonly string[]): boolean =>
  kind === "leave_one_out" && parts.map(partKey).join() === nodes.join();

/** Begins with the usual again. */
export function resetDraft(): void {
  const metrics = useStudyDraft.getState().preview?.metrics;
  changeDraft({ ...usual(), metric: metrics ? defaultMetric(metrics) : null });
}

/** Chooses what takes the place of a node. */
export function putInPlace(node: string, how: How): void {
  const draft = draftNow();
  if (draft) changeDraft({ how: { ...draft.how, [node]: how } });
}

const WAIT_MS = 300;
let asking: AbortController | undefined;

/** The graph as it is on the screen, and whose that is; or the network that others are held against. */
function graphNow(): Pick<NewStudy, "graph" | "graph_id"> {
  const { graph: open, graphId } = useGraph.getState();
  const draft = draftNow();
  const graph = draft ? baseOf(draft, open) : open;
  return { graph, graph_id: graph === open ? graphId : null };
}

/** Opens the definition of a study that trains these networks with several seeds; the first is the baseline. */
export function compareNetworks([baseline, ...networks]: readonly Network[]): void {
  if (!draftNow()) beginDraft(freshDraft());
  writeDraft({
    kind: "configurations",
    baseline: baseline ?? null,
    networks,
    seeds: EXPLORATORY,
    metric: null,
  });
  defineStudy([]);
}

/** Asks what a plan would train, a moment after the last change; null for one that will not do. */
export function askPreview(plan: NewStudy | null): void {
  asking?.abort();
  const controller = new AbortController();
  asking = controller;
  useStudyDraft.setState({ pending: plan !== null });
  if (!plan) return;
  const timer = setTimeout(() => void preview(plan, controller.signal), WAIT_MS);
  controller.signal.addEventListener("abort", () => clearTimeout(timer));
}

async function preview(plan: NewStudy, signal: AbortSignal): Promise<void> {
  try {
    const answer = await previewStudy({ ...plan, ...graphNow() }, signal);
    if (!signal.aborted) take(answer, plan.strategy.kind);
  } catch (error) {
    if (!signal.aborted) refuse(error, plan.metric ?? "");
  }
}

function take(answer: StudyPreview, previewed: Kind): void {
  useStudyDraft.setState(({ offers }) => ({
    preview: answer,
    previewed,
    refusal: null,
    pending: false,
    offers: { ...offers, ...answer.offers },
  }));
  if (draftNow()?.metric === null) amendDraft({ metric: defaultMetric(answer.metrics) });
}

function refuse(error: unknown, metric: string): void {
  const { preview: known } = useStudyDraft.getState();
  const info = error instanceof ApiError ? error.info : null;
  const field = info?.field?.split(".")[0] ?? "";
  // A draft of an earlier state of the graph: what a run measures is asked for anew.
  if (field === "metric" && !known?.metrics.includes(metric) && draftNow()?.metric) {
    amendDraft({ metric: null });
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  useStudyDraft.setState({ refusal: { message, hint: info?.hint ?? "", field }, pending: false });
}

/** Begins the study; the dialog closes where the server takes it. */
export async function startDraft(plan: NewStudy): Promise<void> {
  if (useStudyDraft.getState().starting) return;
  useStudyDraft.setState({ starting: true });
  const begun = await startStudy({ ...plan, ...graphNow() });
  useStudyDraft.setState({ starting: false });
  if (begun) openDialog(null);
}
