import { metricLabel } from "@/features/runs/model/metrics";
import { EXPLORATORY, type Problems, PUBLICATION, type StudyDraft } from "@/features/studies/model/studyPlan";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { useStudyDraft } from "@/features/studies/store/studyDraft";
import { Button } from "@/shared/ui/Button";
import { describedBy, Field } from "@/shared/ui/fields/Field";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { Select } from "@/shared/ui/fields/Select";
import { TextField } from "@/shared/ui/fields/TextField";

interface MeasureProps {
  draft: StudyDraft;
  problems: Problems;
}

/** The seeds, and what is compared: metric, which of its values, and the margin. */
export function DefineMeasure({ draft, problems }: MeasureProps) {
  const unit = draft.metric ? ` in ${metricLabel(draft.metric)}` : "";
  return (
    <>
      <Seeds draft={draft} problem={problems.seeds} />
      <Metric draft={draft} problem={problems.metric} />
      <Field
        label="Margin"
        htmlFor="study-margin"
        hint={`Differences${unit} up to this do not matter. It is fixed before the results; if empty, nothing is called negligible.`}
        error={problems.margin}
      >
        <NumberField
          id="study-margin"
          name="The margin"
          nullable
          min={0}
          problemAt="below"
          placeholder="none"
          describedBy={describedBy("study-margin", true, problems.margin)}
          value={draft.margin}
          onCommit={(margin) => changeDraft({ margin: margin === 0 ? null : margin })}
          className="max-w-40"
        />
      </Field>
    </>
  );
}

const PRESETS = [
  { seeds: EXPLORATORY, label: "5 (exploratory)" },
  { seeds: PUBLICATION, label: "10 (publication)" },
];

function Seeds({ draft, problem }: { draft: StudyDraft; problem: string | undefined }) {
  return (
    <Field
      label="Seeds"
      htmlFor="study-seeds"
      hint="The same for every variant. Whole numbers and ranges, such as 0-4, 7."
      error={problem}
    >
      <div className="flex flex-wrap gap-1.5">
        {PRESETS.map(({ seeds, label }) => (
          <Button key={seeds} aria-pressed={draft.seeds === seeds} onClick={() => changeDraft({ seeds })}>
            {label}
          </Button>
        ))}
        <div className="min-w-24 grow basis-24">
          <TextField
            id="study-seeds"
            value={draft.seeds}
            onCommit={(seeds) => changeDraft({ seeds })}
            aria-invalid={problem ? true : undefined}
            aria-describedby={describedBy("study-seeds", true, problem)}
          />
        </div>
      </div>
    </Field>
  );
}

const VALUES = [
  { value: "last", label: "Last epoch" },
  { value: "best", label: "Best validation epoch" },
];

const AIM = { minimize: "Lower is better.", maximize: "Higher is better." };

function Metric({ draft, problem }: { draft: StudyDraft; problem: string | undefined }) {
  const preview = useStudyDraft((state) => state.preview);
  const keys = preview?.metrics ?? (draft.metric ? [draft.metric] : []);
  const aim = draft.metric && preview ? AIM[preview.direction] : undefined;
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field label="Metric" htmlFor="study-metric" hint={aim} error={problem}>
        <Select
          id="study-metric"
          label="Metric"
          value={draft.metric ?? ""}
          placeholder={preview ? "Select one" : "…"}
          onChange={(metric) => changeDraft({ metric })}
          options={keys.map((key) => ({ value: key, label: metricLabel(key) }))}
          invalid={problem !== undefined}
        />
      </Field>
      <Field label="Value used" htmlFor="study-select">
        <Select
          id="study-select"
          label="Value used"
          value={draft.select}
          onChange={(select) => changeDraft({ select: select === "best" ? "best" : "last" })}
          options={VALUES}
        />
      </Field>
    </div>
  );
}
