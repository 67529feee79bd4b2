import { Plus, X } from "lucide-react";
import { type ReactNode, useId } from "react";
import { type NamedInput, paramLabel, paramValue, valueText } from "@/features/graph/model/catalogue";
import { isNumber, numberRange } from "@/features/graph/model/values";
import {
  type FactorDraft,
  freshFactor,
  type Sampler,
  type StudyDraft,
} from "@/features/studies/model/studyPlan";
import { type Choices, variable } from "@/features/studies/model/studyPlanParts";
import { changeDraft } from "@/features/studies/store/studyDefinition";
import { Button } from "@/shared/ui/Button";
import { Field } from "@/shared/ui/fields/Field";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { SearchSelect } from "@/shared/ui/fields/SearchSelect";
import { Select } from "@/shared/ui/fields/Select";
import { Switch } from "@/shared/ui/fields/Switch";
import { TextField } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";
import type { FormProps } from "./DefineForm";
import { nodeOptions, passFocus } from "./DefineOptions";

/** The varied parameters and their values; for a search also the number of trials. */
export function DefineFactors({ draft, choices, problems }: FormProps) {
  const { factors, kind } = draft;
  const change = (id: number, what: Partial<FactorDraft>): void =>
    changeDraft({ factors: factors.map((one) => (one.id === id ? { ...one, ...what } : one)) });
  return (
    <>
      <fieldset className="flex min-w-0 flex-col gap-2">
        <legend className="mb-1 font-medium text-sm">Parameters</legend>
        {factors.map((factor, place) => (
          <Factor
            key={factor.id}
            factor={factor}
            number={place + 1}
            drawn={kind !== "grid"}
            choices={choices}
            problem={isBlank(factor, kind !== "grid") ? undefined : problems[`factor:${factor.id}`]}
            onChange={(what) => change(factor.id, what)}
            onRemove={() => changeDraft({ factors: factors.filter(({ id }) => id !== factor.id) })}
          />
        ))}
        <Button
          size="sm"
          className="self-start"
          onClick={() => changeDraft({ factors: [...factors, freshFactor(factors)] })}
        >
          <Plus aria-hidden className="size-3.5" /> Add a parameter
        </Button>
        {problems.strategy && <p className="wrap-anywhere text-danger text-xs">{problems.strategy}</p>}
      </fieldset>
      {kind !== "grid" && <Search draft={draft} />}
    </>
  );
}

/** A row that was not started yet is not an error. */
const isBlank = ({ param, between, low, high, values }: FactorDraft, drawn: boolean): boolean =>
  param === "" || (drawn && between ? low === null && high === null : values === "");

const SAMPLERS: { value: Sampler; label: string }[] = [
  { value: "tpe", label: "TPE: learns from results" },
  { value: "qmc", label: "QMC: even coverage" },
  { value: "random", label: "Random" },
];

function Search({ draft }: { draft: StudyDraft }) {
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field label="Trials" htmlFor="study-trials" hint="Each with every seed, in addition to the baseline.">
        <NumberField
          id="study-trials"
          name="The number of trials"
          integer
          min={1}
          max={1000}
          problemAt="below"
          value={draft.trials}
          onCommit={(trials) => trials !== null && changeDraft({ trials })}
        />
      </Field>
      <Field label="Seed of the draw" htmlFor="study-draw-seed" hint="The same seed draws the same trials.">
        <NumberField
          id="study-draw-seed"
          name="The seed of the draw"
          integer
          min={0}
          max={Number.MAX_SAFE_INTEGER}
          problemAt="below"
          describedBy="study-draw-seed-hint"
          value={draft.drawSeed}
          onCommit={(drawSeed) => drawSeed !== null && changeDraft({ drawSeed })}
        />
      </Field>
      {draft.kind === "optuna" && (
        <Field label="Sampler" htmlFor="study-sampler">
          <Select
            id="study-sampler"
            label="Sampler"
            value={draft.sampler}
            onChange={(sampler) => changeDraft({ sampler: sampler as Sampler })}
            options={SAMPLERS}
          />
        </Field>
      )}
    </div>
  );
}

interface FactorProps {
  factor: FactorDraft;
  number: number;
  /** Whether its values may be drawn between bounds. */
  drawn: boolean;
  choices: Choices;
  problem: string | undefined;
  onChange: (what: Partial<FactorDraft>) => void;
  onRemove: () => void;
}

const HOW_DRAWN = [
  { value: "between", label: "Between" },
  { value: "listed", label: "One of" },
];

function Factor({ factor, number, drawn, choices, problem, onChange, onRemove }: FactorProps) {
  const choice = choices.nodes.get(factor.node);
  const params = variable(choice);
  const param = params.find(({ name }) => name === factor.param);
  const between = drawn && factor.between && (param === undefined || isNumber(param));
  const now = choice && param ? valueText(paramValue(choice.node, param)) : "";
  const nodes = [...choices.nodes.values()].filter((one) => variable(one).length > 0);
  return (
    <div className="flex flex-col gap-1.5 rounded-md border p-1.5">
      <div className="flex items-center gap-1.5">
        <SearchSelect
          label={`Node of parameter ${number}`}
          placeholder="Node"
          value={factor.node}
          onChange={(node) => onChange({ node, param: "" })}
          options={nodeOptions(nodes)}
        />
        <SearchSelect
          label={`Parameter ${number}`}
          placeholder="Parameter"
          value={factor.param}
          onChange={(name) => onChange(chosen(params, name))}
          options={params.map((one) => ({ value: one.name, label: paramLabel(one) }))}
        />
        <IconButton
          size="sm"
          data-remove
          label={`Remove parameter ${number}`}
          onClick={(event) => {
            passFocus(event.currentTarget, "fieldset > div");
            onRemove();
          }}
        >
          <X />
        </IconButton>
      </div>
      <div className="flex flex-wrap items-center gap-1.5">
        {drawn && param && isNumber(param) && (
          <Select
            label={`How parameter ${number} is drawn`}
            value={between ? "between" : "listed"}
            onChange={(value) => onChange({ between: value === "between" })}
            options={HOW_DRAWN}
            className="w-24!"
          />
        )}
        {between ? (
          <Bounds factor={factor} number={number} onChange={onChange} />
        ) : (
          <Listed factor={factor} number={number} now={now} problem={problem} onChange={onChange} />
        )}
      </div>
      {now !== "" && <p className="text-muted text-xs">Now {now}.</p>}
      {problem && <p className="wrap-anywhere text-danger text-xs">{problem}</p>}
    </div>
  );
}

/** Suitable settings of a parameter: integers or not, and a log scale where it spans orders of magnitude. */
function chosen(params: readonly NamedInput[], name: string): Partial<FactorDraft> {
  const param = params.find((one) => one.name === name);
  if (!param || !isNumber(param)) return { param: name, between: false };
  const { integer = false, log = false } = numberRange(param);
  return { param: name, between: true, integer, log, low: null, high: null };
}

interface ValueProps {
  factor: FactorDraft;
  number: number;
  onChange: (what: Partial<FactorDraft>) => void;
}

function Listed({
  factor,
  number,
  now,
  problem,
  onChange,
}: ValueProps & { now: string; problem: string | undefined }) {
  return (
    <div className="min-w-28 grow">
      <TextField
        aria-label={`Values of parameter ${number}`}
        aria-invalid={problem ? true : undefined}
        placeholder={now ? `such as ${now}, …` : "0.1, 0.01"}
        value={factor.values}
        onCommit={(values) => onChange({ values })}
      />
    </div>
  );
}

function Bounds({ factor, number, onChange }: ValueProps) {
  const bound = (side: "low" | "high", label: string) => (
    <div className="min-w-16 grow basis-16">
      <NumberField
        label={`${label} value of parameter ${number}`}
        placeholder={label}
        nullable
        value={factor[side]}
        onCommit={(value) => onChange({ [side]: value })}
      />
    </div>
  );
  return (
    <>
      {bound("low", "Lowest")}
      {bound("high", "Highest")}
      <div className="flex w-full flex-wrap gap-x-4">
        <Flag label="Logarithmic" checked={factor.log} onChange={(log) => onChange({ log })} />
        <Flag label="Whole numbers" checked={factor.integer} onChange={(integer) => onChange({ integer })} />
      </div>
    </>
  );
}

interface FlagProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Flag({ label, checked, onChange }: FlagProps) {
  const id = useId();
  return (
    <span className="flex items-center gap-1.5">
      <Switch id={id} checked={checked} onChange={onChange} />
      <label htmlFor={id} className="text-sm">
        {label}
      </label>
    </span>
  );
}
