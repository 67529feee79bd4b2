import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface FieldProps {
  label: string;
  /** Id of the control that the label names. */
  htmlFor: string;
  hint?: ReactNode;
  /** What is wrong with the value; it is read with the control by `${htmlFor}-error`. */
  error?: string | undefined;
  /** What mends it, below what is wrong. */
  remedy?: ReactNode;
  /** What stands at the end of the label's line, such as a reset button. */
  aside?: ReactNode;
  /** Puts the control at the end of the label's line, for switches. */
  inline?: boolean;
  children: ReactNode;
}

export function Field({ label, htmlFor, hint, error, remedy, aside, inline, children }: FieldProps) {
  return (
    <div className="flex flex-col gap-1">
      <div className={cn("flex items-center gap-1.5", inline ? "min-h-7" : "min-h-6")}>
        <label htmlFor={htmlFor} className="min-w-0 truncate font-medium text-sm">
          {label}
        </label>
        {aside}
        {inline && <div className="ml-auto flex">{children}</div>}
      </div>
      {!inline && children}
      {hint && (
        <p id={`${htmlFor}-hint`} className="text-muted text-xs">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${htmlFor}-error`} className="text-danger text-xs">
          {error}
        </p>
      )}
      {remedy}
    </div>
  );
}

/** The ids that a control in a Field refers to. */
export function describedBy(id: string, hint: unknown, error: unknown): string | undefined {
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
}
