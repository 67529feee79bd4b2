/** The study that is being defined: its initial draft, and the server's preview of it. */
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
  /** The first part of the server's field path; empty without a field. */
  field: string;
}

interface Defining {
  preview: StudyPreview | null;
  /** The strategy of the preview. */
  previewed: Kind | null;
  /** Why there is no preview of the current plan. */
  rejection: FieldError | null;
  /** True while the preview is older than the current plan. */
  pending: boolean;
  starting: boolean;
  /** What can replace nodes, as far as known from previews. */
  offers: StudyPreview["offers"];
}

const NOTHING = {
  preview: null,
  previewed: null,
  rejection: null,
  pending: false,
  starting: false,
  offers: {},
};

export const useStudyDraft = create<Defining>()(() => NOTHING);

const usual = (): StudyDraft =>
  freshDraft(usualParts(choicesOf(useGraph.getState().graph, useCatalogue.getState().types)));

/** Continues the draft of this graph; requested nodes become its parts. */
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

/** Resets the draft to its defaults. */
export function resetDraft(): void {
  const metrics = useStudyDraft.getState().preview?.metrics;
  changeDraft({ ...usual(), metric: metrics ? defaultMetric(metrics) : null });
}

/** Sets the replacement of a node. */
export function putInPlace(node: string, how: How): void {
  const draft = draftNow();
  if (draft) changeDraft({ how: { ...draft.how, [node]: how } });
}

const WAIT_MS = 300;
let asking: AbortController | undefined;

/** The graph on the screen and its id; or the network that others are compared with. */
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

/** Requests the preview of a plan, a moment after the last change; null for a plan that is not valid. */
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
    rejection: null,
    pending: false,
    offers: { ...offers, ...answer.offers },
  }));
  if (draftNow()?.metric === null) amendDraft({ metric: defaultMetric(answer.metrics) });
}

function refuse(error: unknown, metric: string): void {
  const { preview: known } = useStudyDraft.getState();
  const info = error instanceof ApiError ? error.info : null;
  const field = info?.field?.split(".")[0] ?? "";
  // A draft of an earlier state of the graph: its metrics are requested again.
  if (field === "metric" && !known?.metrics.includes(metric) && draftNow()?.metric) {
    amendDraft({ metric: null });
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  useStudyDraft.setState({ rejection: { message, hint: info?.hint ?? "", field }, pending: false });
}

/** Starts the study; the dialog closes where the server accepts it. */
export async function startDraft(plan: NewStudy): Promise<void> {
  if (useStudyDraft.getState().starting) return;
  useStudyDraft.setState({ starting: true });
  const begun = await startStudy({ ...plan, ...graphNow() });
  useStudyDraft.setState({ starting: false });
  if (begun) openDialog(null);
}
