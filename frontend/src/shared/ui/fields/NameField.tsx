import { cn } from "@/shared/lib/cn";
import { TextField } from "./TextField";

interface NameFieldProps {
  label: string;
  value: string;
  onCommit: (name: string) => void;
  /** Called when the field is left, whether the name was accepted or discarded. */
  onLeave: () => void;
  maxLength?: number;
  className?: string;
}

/** One function for all renders: React calls a new one at each, which would select what is being typed. */
const selectAll = (input: HTMLInputElement | null): void => input?.select();

/** A field in place of a name while it is edited: all of it is selected, Enter accepts, Escape discards. */
export function NameField({ label, value, onCommit, onLeave, maxLength = 200, className }: NameFieldProps) {
  return (
    <TextField
      ref={selectAll}
      aria-label={label}
      value={value}
      maxLength={maxLength}
      onCommit={(name) => onCommit(name.trim())}
      onBlurCapture={onLeave}
      leaves
      className={cn("nodrag h-6 px-1", className)}
    />
  );
}
