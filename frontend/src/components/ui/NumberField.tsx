import { parseNumber } from "@/lib/values";
import { TextField } from "./TextField";

interface NumberFieldProps {
  value: number | null;
  /** Null only where the field was emptied and `nullable` is set. */
  onCommit: (value: number | null) => void;
  id?: string;
  label?: string;
  nullable?: boolean;
  integer?: boolean;
  min?: number | null;
  max?: number | null;
  step?: number | null;
  placeholder?: string;
  invalid?: boolean;
  describedBy?: string | undefined;
  disabled?: boolean;
  className?: string;
}

/** A number field. It takes any number that is typed, also one out of range, which the report then names. */
export function NumberField(props: NumberFieldProps) {
  const { value, onCommit, nullable, integer, min, max, step, label, invalid, describedBy, ...rest } = props;

  const commit = (text: string): void => {
    const number = parseNumber(text);
    if (Number.isFinite(number)) onCommit(number);
    else if (text.trim() === "" && nullable) onCommit(null);
  };
  const onStep = (text: string, direction: 1 | -1): void => {
    const typed = parseNumber(text);
    const from = Number.isFinite(typed) ? typed : (value ?? 0);
    onCommit(stepped(from, direction, { step, integer, min, max }));
  };

  return (
    <TextField
      inputMode={integer ? "numeric" : "decimal"}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      value={value === null ? "" : String(value)}
      onCommit={commit}
      onStep={onStep}
      {...rest}
    />
  );
}

interface StepRange {
  step?: number | null | undefined;
  integer?: boolean | undefined;
  min?: number | null | undefined;
  max?: number | null | undefined;
}

/** One step up or down; without a given step, one in the last digit shown, never past the range. */
export function stepped(from: number, direction: 1 | -1, { step, integer, min, max }: StepRange): number {
  const size = step ?? (integer ? 1 : 10 ** Math.floor(Math.log10(Math.abs(from) || 1)) / 10);
  const next = Number((from + direction * size).toPrecision(12));
  return Math.min(max ?? Number.POSITIVE_INFINITY, Math.max(min ?? Number.NEGATIVE_INFINITY, next));
}
