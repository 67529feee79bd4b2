import type { Json } from "@/api/types";
import { NumberField } from "@/components/ui/NumberField";
import { Select } from "@/components/ui/Select";
import { Switch } from "@/components/ui/Switch";
import { TextField } from "@/components/ui/TextField";
import { type NamedInput, valueText } from "@/lib/catalogue";

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
  if (param.dtype === "INT" || param.dtype === "FLOAT") return <NumberControl {...props} />;
  return (
    <TextField
      id={id}
      value={typeof value === "string" ? value : value === null ? "" : JSON.stringify(value)}
      onCommit={onCommit}
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
      placeholder={param.nullable ? "off" : ""}
      {...(label && { label })}
      className={compact ? "h-6 px-1.5 text-right tabular-nums" : "tabular-nums"}
    />
  );
}

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
