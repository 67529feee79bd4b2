import { useEffect, useLayoutEffect, useMemo } from "react";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import { type Made, planOf, type StudyDraft, whyNotStart } from "@/features/studies/model/studyPlan";
import { baseOf } from "@/features/studies/model/studyPlanNetworks";
import { choicesOf, finderOf } from "@/features/studies/model/studyPlanParts";
import { useDraft } from "@/features/studies/store/studyDefinition";
import {
  askPreview,
  openDraft,
  resetDraft,
  startDraft,
  useStudyDraft,
} from "@/features/studies/store/studyDraft";
import { formatInt, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { Tooltip } from "@/shared/ui/Tooltip";
import { DefineForm } from "./DefineForm";
import { DefineHistory } from "./DefineHistory";
import { DefinePreview } from "./DefinePreview";

const stopAsking = (): void => askPreview(null);

/** Defines an ablation study of the open graph: the form on the left, its preview on the right. */
export function StudyDialog({ onClose }: { onClose: () => void }) {
  const draft = useDraft();
  const graphId = useGraph((state) => state.graphId);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a graph that was just stored has another draft
  useLayoutEffect(openDraft, [graphId]);
  useEffect(() => stopAsking, []);
  return (
    draft && (
      <Dialog
        open
        onOpenChange={onClose}
        title="New study"
        description="Variants of this graph, each trained with the same seeds, show what its parts are worth."
        size="wide"
      >
        <Definition draft={draft} onClose={onClose} />
      </Dialog>
    )
  );
}

/** The preview does not depend on the name. */
const previewKey = ({ plan }: Made): string => JSON.stringify(plan && { ...plan, name: "" });

function Definition({ draft, onClose }: { draft: StudyDraft; onClose: () => void }) {
  const graph = useGraph((state) => state.graph);
  const types = useCatalogue((state) => state.types);
  const choices = useMemo(() => choicesOf(graph, types), [graph, types]);
  const made = useMemo(() => planOf(draft, finderOf(choices, types)), [draft, choices, types]);
  const key = previewKey(made);
  const base = baseOf(draft, graph);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same plan is previewed once
  useEffect(() => askPreview(made.plan), [key, base]);
  return (
    <div className="@container">
      <div className="flex flex-col gap-x-5 gap-y-4 @min-[820px]:grid @min-[820px]:h-[calc(88vh-160px*var(--ui-scale))] @min-[820px]:grid-cols-[minmax(300px,5fr)_minmax(0,7fr)]">
        <section
          aria-label="Definition"
          className="flex flex-col gap-4 @min-[820px]:-ml-1 @min-[820px]:overflow-y-auto @min-[820px]:pr-3 @min-[820px]:pl-1"
        >
          <DefineForm draft={draft} choices={choices} problems={made.problems ?? {}} />
        </section>
        <ScrollRegion
          label="Preview"
          className="min-w-0 rounded-md border bg-canvas @min-[820px]:overflow-y-auto"
        >
          <DefinePreview draft={draft} complete={made.plan !== null} />
        </ScrollRegion>
      </div>
      <Footer draft={draft} made={made} onClose={onClose} />
    </div>
  );
}

function Footer({ draft, made, onClose }: { draft: StudyDraft; made: Made; onClose: () => void }) {
  const reason = useReason(draft, made);
  const { preview, starting } = useStudyDraft();
  const runs = made.plan && preview ? ` ${plural(preview.runs, "run")}` : "";
  const label = preview?.runs === 0 && preview.reused > 0 ? "Start with reused runs" : `Start${runs}`;
  const start = (): void => {
    if (made.plan && reason === null) void startDraft(made.plan);
  };
  return (
    <div className="sticky -bottom-2 z-10 -mb-2 flex flex-wrap items-center justify-end gap-2 bg-panel pt-3 pb-4">
      <div className="-ml-1.5 mr-auto flex items-center gap-1">
        <DefineHistory />
        <Button variant="ghost" onClick={resetDraft}>
          Reset
        </Button>
      </div>
      {reason && (
        <p id="start-reason" role="status" className="text-muted text-sm">
          {reason}
        </p>
      )}
      <Button onClick={onClose}>Cancel</Button>
      <Tooltip content={reason ?? startHint(preview?.reused ?? 0)} side="top">
        <Button
          variant="primary"
          aria-disabled={reason !== null}
          aria-describedby={reason ? "start-reason" : undefined}
          onClick={start}
        >
          {starting ? "Starting…" : label}
        </Button>
      </Tooltip>
    </div>
  );
}

const startHint = (reused: number): string =>
  reused > 0 ? `${formatInt(reused)} runs of earlier studies are reused` : "Train all variants, seed by seed";

/** Why the study cannot be started now, as a sentence; null where it can. */
function useReason(draft: StudyDraft, made: Made): string | null {
  const { preview, rejection, pending, starting } = useStudyDraft();
  if (made.problems) return Object.values(made.problems)[0] ?? "Something is missing.";
  if (starting) return "The study is being started.";
  if (pending || draft.metric === null)
    return rejection && !pending ? rejection.message : "Working out the variants…";
  if (rejection) return rejection.message;
  return preview && whyNotStart(draft, preview);
}
