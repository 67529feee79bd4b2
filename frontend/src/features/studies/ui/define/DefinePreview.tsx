import { useState } from "react";
import type { StudyDraft } from "@/features/studies/model/studyPlan";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { useStudyDraft } from "@/features/studies/store/studyDraft";
import type { StudyPreview } from "@/shared/api/types";
import { formatDuration, formatInt, plural } from "@/shared/lib/format";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { Switch } from "@/shared/ui/fields/Switch";
import { DefineVariant } from "./DefineVariant";

/** What the plan would train: the amount, each variant, and the limits of the result. */
export function DefinePreview({ draft, complete }: { draft: StudyDraft; complete: boolean }) {
  const { preview, previewed, pending, rejection } = useStudyDraft();
  const stale = pending || !complete || rejection !== null;
  // The preview of another strategy does not apply.
  if (!preview || (!complete && previewed !== draft.kind))
    return <p className="p-4 text-muted">{nothingYet(complete, rejection !== null)}</p>;
  return (
    <div className="flex flex-col">
      <Cost preview={preview} draft={draft} stale={stale} />
      <div>
        <Untrainable preview={preview} draft={draft} />
        <Variants preview={preview} />
        {draft.kind === "optuna" && (
          <p className="px-3 py-2 text-muted text-sm">
            The trials are selected during the study, each from the results of those before.
          </p>
        )}
        <ul className="flex list-disc flex-col gap-1 py-3 pr-3 pl-7 text-muted text-sm">
          {preview.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function nothingYet(complete: boolean, refused: boolean): string {
  if (!complete) return "Choose what to ablate to see the variants.";
  return refused ? "There is no preview: see the messages in the form." : "Working out the variants…";
}

interface CostProps {
  preview: StudyPreview;
  draft: StudyDraft;
  stale: boolean;
}

function Cost({ preview: { variants, runs, reused, seconds }, draft, stale }: CostProps) {
  const count = draft.kind === "optuna" ? draft.trials + 1 : variants.length;
  const time = seconds === null ? "not known before a first run" : `about ${formatDuration(seconds)}`;
  return (
    <div
      role="status"
      aria-busy={stale}
      className="sticky top-0 z-1 flex flex-wrap items-baseline gap-x-5 gap-y-1 rounded-t-md border-b bg-panel px-3 py-2"
    >
      <Figure value={formatInt(count)} label={count === 1 ? "variant" : "variants"} />
      <Figure value={formatInt(runs)} label={runs === 1 ? "run" : "runs"} />
      {reused > 0 && <Figure value={formatInt(reused)} label="reused" />}
      <span className="text-muted text-sm">
        Time: <span className="text-text">{runs === 0 ? "nothing to train" : time}</span>
      </span>
      {stale && <Badge className="ml-auto">Not up to date</Badge>}
    </div>
  );
}

function Figure({ value, label }: { value: string; label: string }) {
  return (
    <span className="whitespace-nowrap">
      <span className="font-semibold text-lg tabular-nums">{value}</span>{" "}
      <span className="text-muted text-sm">{label}</span>
    </span>
  );
}

/** How to handle variants that cannot be trained. */
function Untrainable({ preview: { variants }, draft }: Omit<CostProps, "stale">) {
  const count = variants.filter(({ valid }) => !valid).length;
  if (count === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-3 border-b bg-warning-soft px-3 py-1 text-sm">
      <p className="grow">{plural(count, "variant")} cannot be trained.</p>
      <div className="flex items-center gap-x-3">
        <label htmlFor="study-skip" className="font-medium">
          Leave {count === 1 ? "it" : "them"} out
        </label>
        <Switch
          id="study-skip"
          checked={draft.skipInvalid}
          onChange={(skipInvalid) => changeDraft({ skipInvalid })}
        />
      </div>
    </div>
  );
}

/** More rows than these are shown on request. */
const MANY = 100;

function Variants({ preview: { variants } }: { preview: StudyPreview }) {
  const [all, setAll] = useState(false);
  const labels = new Map(variants.map(({ key, label }) => [key, label]));
  const shown = all ? variants : variants.slice(0, MANY);
  const base = variants.find(({ role }) => role === "baseline")?.parameters ?? null;
  return (
    <>
      <table className="w-full text-sm">
        <thead>
          <tr className="border-b text-left text-muted text-xs">
            <th scope="col" className="px-3 py-1.5 font-medium">
              Variant
            </th>
            <th scope="col" className="px-2 py-1.5 font-medium">
              Change
            </th>
            <th scope="col" className="px-3 py-1.5 text-right font-medium">
              Parameters
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((variant) => (
            <DefineVariant
              key={variant.key}
              variant={variant}
              base={base}
              twin={variant.same_as === null ? null : (labels.get(variant.same_as) ?? variant.same_as)}
            />
          ))}
        </tbody>
      </table>
      {shown.length < variants.length && (
        <Button size="sm" className="m-2 self-start" onClick={() => setAll(true)}>
          Show all {plural(variants.length, "variant")}
        </Button>
      )}
    </>
  );
}
