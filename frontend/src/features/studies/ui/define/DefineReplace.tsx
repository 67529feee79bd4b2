import { Plus, X } from "lucide-react";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { type AlternativeDraft, freshAlternative } from "@/features/studies/model/studyPlan";
import { replacements } from "@/features/studies/model/studyPlanParts";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { Button } from "@/shared/ui/Button";
import { Field } from "@/shared/ui/fields/Field";
import { SearchSelect } from "@/shared/ui/fields/SearchSelect";
import { TextField } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";
import type { FormProps } from "./DefineForm";
import { nodeOptions, passFocus } from "./DefineOptions";

/** The node that is replaced, and its alternatives. */
export function DefineReplace({ draft, choices, problems }: FormProps) {
  const { alternatives, target } = draft;
  const replaceable = (kind: string | undefined): boolean => kind === "layer" || kind === "operation";
  const change = (id: number, what: Partial<AlternativeDraft>): void =>
    changeDraft({ alternatives: alternatives.map((one) => (one.id === id ? { ...one, ...what } : one)) });
  return (
    <>
      <Field label="Node to replace" htmlFor="study-target" error={target ? problems.strategy : undefined}>
        <SearchSelect
          id="study-target"
          label="Node to replace"
          placeholder="Select a node"
          value={target}
          onChange={(next) => changeDraft({ target: next })}
          options={nodeOptions([...choices.nodes.values()].filter(({ info }) => replaceable(info?.kind)))}
          invalid={target !== "" && problems.strategy !== undefined}
        />
      </Field>
      <fieldset className="flex min-w-0 flex-col gap-1.5">
        <legend className="mb-1 font-medium text-sm">Alternatives</legend>
        {alternatives.map((one, place) => (
          <Alternative
            key={one.id}
            alternative={one}
            number={place + 1}
            problem={one.type ? problems[`alternative:${one.id}`] : undefined}
            onChange={(what) => change(one.id, what)}
            onRemove={() => changeDraft({ alternatives: alternatives.filter(({ id }) => id !== one.id) })}
          />
        ))}
        <Button
          size="sm"
          className="self-start"
          onClick={() => changeDraft({ alternatives: [...alternatives, freshAlternative(alternatives)] })}
        >
          <Plus aria-hidden className="size-3.5" /> Add an alternative
        </Button>
      </fieldset>
    </>
  );
}

interface AlternativeProps {
  alternative: AlternativeDraft;
  number: number;
  problem: string | undefined;
  onChange: (what: Partial<AlternativeDraft>) => void;
  onRemove: () => void;
}

function Alternative({ alternative, number, problem, onChange, onRemove }: AlternativeProps) {
  const types = useCatalogue((state) => state.types);
  const options = replacements(types).map(({ type, display_name, category }) => ({
    value: type,
    label: display_name,
    detail: category,
  }));
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <div className="min-w-28 grow basis-28">
        <SearchSelect
          label={`Type of alternative ${number}`}
          placeholder="Node type"
          value={alternative.type}
          onChange={(type) => onChange({ type })}
          options={options}
        />
      </div>
      <div className="min-w-28 grow basis-36">
        <TextField
          aria-label={`Parameters of alternative ${number}`}
          aria-invalid={problem ? true : undefined}
          placeholder="name=value, name=value"
          value={alternative.params}
          onCommit={(params) => onChange({ params })}
        />
      </div>
      <IconButton
        size="sm"
        data-remove
        label={`Remove alternative ${number}`}
        onClick={(event) => {
          passFocus(event.currentTarget, "fieldset > div");
          onRemove();
        }}
      >
        <X />
      </IconButton>
      {problem && <p className="w-full text-danger text-xs">{problem}</p>}
    </div>
  );
}
