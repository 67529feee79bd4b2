import { toast } from "sonner";
import type { Json } from "@/api/types";
import { NumberField } from "@/components/ui/NumberField";
import { Select } from "@/components/ui/Select";
import { Switch } from "@/components/ui/Switch";
import { TextField } from "@/components/ui/TextField";
import { type NamedInput, paramLabel, valueText } from "@/lib/catalogue";
import { isTyped, parseTyped, typedText } from "@/lib/values";

export interface ValueControlProps {
  id: string;
  /** Whose value it is: its type, range and choices. */
  param: NamedInput;
  value: Json;
  onCommit: (value: Json) => void;
  /** On a card, where there is little room. */
  compact?: boolean;
  /** Its name, where no label element carries it. */
  label?: string;
  invalid?: boolean;
  describedBy?: string | undefined;
}

/** The control of one value: a choice, a switch, a number or text. */
export function ValueControl(props: ValueControlProps) {
  const { id, param, value, onCommit, compact, label, invalid = false, describedBy } = props;
  if (param.choices) return <ChoiceControl {...props} choices={param.choices} />;
  if (param.dtype === "BOOL") {
    return <Switch id={id} checked={value === true} onChange={onCommit} {...(label && { label })} />;
  }
  if (isTyped(param)) return <TypedControl {...props} />;
  if (param.dtype === "INT" || param.dtype === "FLOAT") return <NumberControl {...props} />;
  return (
    <TextField
      id={id}
      value={typeof value === "string" ? value : value === null ? "" : JSON.stringify(value)}
      onCommit={onCommit}
      placeholder={placeholderOf(param, compact)}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      className={compact ? "h-6 px-1.5" : ""}
    />
  );
}

function NumberControl({ param, value, onCommit, compact, label, ...rest }: ValueControlProps) {
  return (
    <NumberField
      {...rest}
      value={typeof value === "number" ? value : null}
      onCommit={onCommit}
      integer={param.dtype === "INT"}
      nullable={param.nullable}
      min={param.min}
      max={param.max}
      step={param.step}
      placeholder={placeholderOf(param, compact)}
      {...(label && { label })}
      className={compact ? "h-6 px-1.5 text-right tabular-nums" : "tabular-nums"}
    />
  );
}

/** A number or several, or a word, in one field. */
function TypedControl({
  id,
  param,
  value,
  onCommit,
  compact,
  label,
  invalid,
  describedBy,
}: ValueControlProps) {
  const commit = (text: string): void => {
    const typed = parseTyped(text, param);
    if ("value" in typed) onCommit(typed.value);
    else toast.error(`${paramLabel(param)}: ${typed.problem}`);
  };
  return (
    <TextField
      id={id}
      value={typedText(value)}
      onCommit={commit}
      placeholder={placeholderOf(param, compact)}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      className={compact ? "h-6 px-1.5 text-right tabular-nums" : "tabular-nums"}
    />
  );
}

/** What an empty field says; on a card there is room for a word. */
function placeholderOf(param: NamedInput, compact = false): string {
  if (compact && param.empty.length > SHORT) return "auto";
  return param.empty || (param.nullable ? "none" : "");
}

const SHORT = 7;

/** Choices may be of any type; they are told apart by their place in the list. */
function ChoiceControl(props: ValueControlProps & { choices: Json[] }) {
  const { id, choices, value, onCommit, compact, label, invalid = false, describedBy } = props;
  const index = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
  return (
    <Select
      id={id}
      value={index < 0 ? "" : String(index)}
      onChange={(next) => onCommit(choices[Number(next)] ?? null)}
      options={choices.map((choice, place) => ({ value: String(place), label: valueText(choice) }))}
      placeholder={valueText(value)}
      invalid={invalid}
      describedBy={describedBy}
      {...(label && { label })}
      className={compact ? "h-6 px-1.5" : ""}
    />
  );
}
