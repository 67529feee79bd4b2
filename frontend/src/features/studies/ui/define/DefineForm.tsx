import type { Problems, StudyDraft } from "@/features/studies/model/studyPlan";
import type { Choices } from "@/features/studies/model/studyPlanParts";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { useStudyDraft } from "@/features/studies/store/studyDraft";
import { Field } from "@/shared/ui/fields/Field";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { Switch } from "@/shared/ui/fields/Switch";
import { TextField } from "@/shared/ui/fields/TextField";
import { DefineFactors } from "./DefineFactors";
import { DefineMeasure } from "./DefineMeasure";
import { DefineNetworks } from "./DefineNetworks";
import { DefineParts } from "./DefineParts";
import { DefineReplace } from "./DefineReplace";
import { DefineStrategy } from "./DefineStrategy";

export interface FormProps {
  draft: StudyDraft;
  choices: Choices;
  problems: Problems;
}

const FIELDS = ["strategy", "metric", "seeds", "how", "margin", "name"];

/** The form: strategy, parts, seeds, metric, and training options. */
export function DefineForm(props: FormProps) {
  const { draft, problems } = props;
  const rejection = useStudyDraft((state) => state.rejection);
  const named = rejection?.field.split(".")[0] ?? ""; // strategy.factors.0.low is part of the strategy
  const elsewhere = rejection && !FIELDS.includes(named) ? rejection : null;
  const message = rejection && !elsewhere ? sentence(rejection) : undefined;
  const field = named === "how" ? "strategy" : named;
  const errors: Problems = { ...(message && { [field]: message }), ...problems };
  return (
    <>
      {elsewhere && (
        <p role="alert" className="wrap-anywhere rounded-md bg-danger-soft p-2 text-sm">
          {sentence(elsewhere)}
        </p>
      )}
      <DefineStrategy kind={draft.kind} />
      <Subject {...props} problems={errors} />
      <DefineMeasure draft={draft} problems={errors} />
      <Options draft={draft} />
    </>
  );
}

const sentence = ({ message, hint }: { message: string; hint: string }): string =>
  hint ? `${message} ${hint}` : message;

/** The parts of the strategy. */
function Subject(props: FormProps) {
  const { draft } = props;
  switch (draft.kind) {
    case "replace":
      return <DefineReplace {...props} />;
    case "configurations":
      return <DefineNetworks {...props} />;
    case "grid":
    case "random":
    case "optuna":
      return <DefineFactors {...props} />;
    default:
      return (
        <>
          {draft.kind === "leave_n_out" && <Together draft={draft} />}
          <DefineParts {...props} />
          {draft.kind === "add_one" && (
            <Toggle
              id="study-also"
              label="Also remove each alone"
              hint="The difference shows what depends on the other parts."
              checked={draft.alsoLeaveOut}
              onChange={(alsoLeaveOut) => changeDraft({ alsoLeaveOut })}
            />
          )}
        </>
      );
  }
}

function Together({ draft }: { draft: StudyDraft }) {
  return (
    <Field label="Parts removed together" htmlFor="study-n">
      <NumberField
        id="study-n"
        name="The number of parts"
        integer
        min={1}
        max={10}
        problemAt="below"
        value={draft.n}
        onCommit={(n) => n !== null && changeDraft({ n })}
        className="max-w-24"
      />
    </Field>
  );
}

interface ToggleProps {
  id: string;
  label: string;
  hint: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Toggle({ id, label, hint, checked, onChange }: ToggleProps) {
  return (
    <Field label={label} htmlFor={id} hint={hint} inline>
      <Switch id={id} checked={checked} onChange={onChange} />
    </Field>
  );
}

/** Its name, and what may save training time. */
function Options({ draft }: { draft: StudyDraft }) {
  return (
    <>
      <Field label="Name" htmlFor="study-name">
        <TextField
          id="study-name"
          maxLength={200}
          placeholder="Graph · strategy"
          value={draft.name}
          onCommit={(name) => changeDraft({ name })}
        />
      </Field>
      <div className="flex flex-col gap-2">
        <Toggle
          id="study-reuse"
          label="Reuse earlier runs"
          hint="Runs of the same network, data and seed are reused, and marked."
          checked={draft.reuse}
          onChange={(reuse) => changeDraft({ reuse })}
        />
        <Toggle
          id="study-batch"
          label="Batch seeds where faster"
          hint="Trains the seeds of a small network in one batch. Values stay the same, bit-for-bit."
          checked={draft.batchSeeds}
          onChange={(batchSeeds) => changeDraft({ batchSeeds })}
        />
      </div>
    </>
  );
}
