import { type NumberRange, parseNumber, readNumber, type StepSize, stepped } from "@/shared/lib/numbers";
import { TextField } from "./TextField";

interface NumberFieldProps extends NumberRange {
  value: number | null;
  /** Null only where the field was emptied and `nullable` is set. */
  onCommit: (value: number | null) => void;
  id?: string;
  label?: string;
  /** The value's name in an error; the label, where that is given. */
  name?: string | undefined;
  nullable?: boolean;
  placeholder?: string;
  invalid?: boolean;
  describedBy?: string | undefined;
  disabled?: boolean;
  /** Where the arrows step from while the field is empty. */
  start?: number | undefined;
  problemAt?: "below" | "tip" | undefined;
  className?: string;
}

/**
 * A number field. It accepts arithmetic such as 2*64, and rejects what is not a number or out of range. Emptied where
 * a number is required, it shows the previous one again.
 */
export function NumberField(props: NumberFieldProps) {
  const {
    value,
    onCommit,
    nullable,
    integer,
    min,
    max,
    step,
    log,
    label,
    name,
    invalid,
    describedBy,
    start,
    ...rest
  } = props;
  const range: NumberRange = { integer, min, max, step, log };

  const check = (text: string): string | null => {
    if (text.trim() === "") return null;
    const read = readNumber(text, range);
    return "problem" in read ? `${name ?? label ?? "It"} ${read.problem}` : null;
  };
  const commit = (text: string): void => {
    const read = readNumber(text, range);
    if ("value" in read) onCommit(read.value);
    else if (nullable) onCommit(null);
  };
  const onStep = (text: string, direction: 1 | -1, size: StepSize): string => {
    const typed = parseNumber(text);
    const from = Number.isFinite(typed) ? typed : (value ?? start ?? 0);
    return String(stepped(from, direction, range, size));
  };

  return (
    <TextField
      inputMode={integer ? "numeric" : "decimal"}
      aria-label={label}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      value={value === null ? "" : String(value)}
      check={check}
      onCommit={commit}
      onStep={onStep}
      {...rest}
    />
  );
}
