import { type NamedInput, paramLabel, valueText } from "@/features/graph/model/catalogue";
import { emptyText, isTyped, numberRange, parseTyped, typedText } from "@/features/graph/model/values";
import type { Json } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { stepped } from "@/shared/lib/numbers";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { Select } from "@/shared/ui/fields/Select";
import { Switch } from "@/shared/ui/fields/Switch";
import { TextField } from "@/shared/ui/fields/TextField";

export interface ValueControlProps {
  id: string;
  /** The parameter of the value: its type, range and choices. */
  param: NamedInput;
  value: Json;
  onCommit: (value: Json) => void;
  /** Several nodes with different values; `value` is that of one of them. */
  mixed?: boolean | undefined;
  /** On a card, where room is limited. */
  compact?: boolean | undefined;
  /** Its accessible name, if no label element provides it. */
  label?: string | undefined;
  invalid?: boolean | undefined;
  describedBy?: string | undefined;
}

const MIXED = "mixed";

/** The control of one value: a choice, a switch, a number or text. */
export function ValueControl(props: ValueControlProps) {
  const { id, param, value, onCommit, mixed, label } = props;
  if (param.choices) return <ChoiceControl {...props} choices={param.choices} />;
  if (param.dtype === "BOOL" && param.nullable)
    return <ChoiceControl {...props} choices={[null, true, false]} />;
  if (param.dtype === "BOOL") {
    return (
      <Switch
        id={id}
        checked={value === true}
        onChange={onCommit}
        mixed={mixed ?? false}
        {...(label && { label })}
      />
    );
  }
  if (isTyped(param)) return <TypedControl {...props} />;
  if (param.dtype === "INT" || param.dtype === "FLOAT") return <NumberControl {...props} />;
  const text = typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
  return <TextField {...fieldProps(props)} value={mixed ? "" : text} onCommit={onCommit} />;
}

function NumberControl(props: ValueControlProps) {
  const { id, param, value, onCommit, mixed, invalid, describedBy } = props;
  const { placeholder, className, problemAt } = fieldProps(props);
  const number = typeof value === "number" ? value : null;
  return (
    <NumberField
      {...{ id, placeholder, className, problemAt, describedBy }}
      {...numberRange(param)}
      value={mixed ? null : number}
      onCommit={onCommit}
      nullable={param.nullable}
      start={number ?? (typeof param.default === "number" ? param.default : undefined)}
      name={paramLabel(param)}
      invalid={invalid ?? false}
      {...(props.label && { label: props.label })}
    />
  );
}

/** A number, several numbers, or a word, in one field. */
function TypedControl(props: ValueControlProps) {
  const { param, value, onCommit, mixed } = props;
  const check = (text: string): string | null => {
    const typed = parseTyped(text, param);
    return "problem" in typed && text.trim() !== "" ? `${paramLabel(param)} ${typed.problem}` : null;
  };
  const commit = (text: string): void => {
    const typed = parseTyped(text, param);
    if ("value" in typed) onCommit(typed.value);
  };
  return (
    <TextField
      {...fieldProps(props)}
      value={mixed ? "" : typedText(value)}
      check={check}
      onCommit={commit}
      // The arrows step a single number; with several it would be ambiguous.
      onStep={(text, direction, size) => {
        const typed = parseTyped(text, param);
        const number = "value" in typed ? typed.value : null;
        return typeof number === "number"
          ? String(stepped(number, direction, numberRange(param), size))
          : text;
      }}
    />
  );
}

/** A meaningful empty field is hatched, so that it does not look forgotten. */
const HATCH =
  "bg-[repeating-linear-gradient(135deg,var(--raised)_0_4px,transparent_4px_8px)] placeholder:italic focus:bg-none";

function fieldProps({ id, param, value, mixed, compact, label, invalid, describedBy }: ValueControlProps) {
  const isText = param.dtype === "STRING";
  const isEmpty = mixed || typedText(value) === "";
  return {
    id,
    placeholder: mixed ? MIXED : placeholderOf(param, compact),
    "aria-label": label,
    "aria-invalid": invalid || undefined,
    "aria-describedby": describedBy,
    problemAt: compact ? ("tip" as const) : ("below" as const),
    className: cn(
      compact && "h-6 px-1.5",
      !isText && "tabular-nums",
      compact && !isText && "text-right",
      isEmpty && HATCH,
    ),
  };
}

/** Return the placeholder of an empty field; a card has room for one word. */
function placeholderOf(param: NamedInput, compact = false): string {
  return compact && param.empty.length > SHORT ? "auto" : emptyText(param);
}

const SHORT = 7;

/** Choices may be of any type; they are identified by their index. */
function ChoiceControl(props: ValueControlProps & { choices: Json[] }) {
  const { id, choices, value, onCommit, mixed, compact, label, invalid = false, describedBy } = props;
  const index = mixed ? -1 : choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
  return (
    <Select
      id={id}
      value={index < 0 ? "" : String(index)}
      onChange={(next) => onCommit(choices[Number(next)] ?? null)}
      options={choices.map((choice, place) => ({ value: String(place), label: valueText(choice) }))}
      placeholder={mixed ? MIXED : valueText(value)}
      invalid={invalid}
      {...(describedBy && { describedBy })}
      {...(label && { label })}
      className={compact ? "h-6 px-1.5" : ""}
    />
  );
}
