import { cn } from "@/shared/lib/cn";
import { TextField } from "./TextField";

interface NameFieldProps {
  label: string;
  value: string;
  onCommit: (name: string) => void;
  /** Called when the field is left, whether the name was accepted or discarded. */
  onLeave: () => void;
  className?: string;
}

/** A field in place of a name while it is edited: all of it is selected, Enter accepts, Escape discards. */
export function NameField({ label, value, onCommit, onLeave, className }: NameFieldProps) {
  return (
    <TextField
      ref={(input) => input?.select()}
      aria-label={label}
      value={value}
      maxLength={200}
      onCommit={(name) => onCommit(name.trim())}
      onBlurCapture={onLeave}
      leaves
      className={cn("nodrag h-6 px-1", className)}
    />
  );
}
