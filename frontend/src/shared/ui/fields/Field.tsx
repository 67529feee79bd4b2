import { type ComponentProps, type ReactNode, useState } from "react";
import { cn } from "@/shared/lib/cn";

interface FieldProps {
  label: string;
  /** Id of the control that the label names. */
  htmlFor: string;
  /** Help below the control; it is read with it by `${htmlFor}-hint`. */
  hint?: string | undefined;
  /** What is wrong with the value; it is read with the control by `${htmlFor}-error`. */
  error?: string | undefined;
  /** The remedy, below what is wrong. */
  remedy?: ReactNode;
  /** Content at the end of the label's line, such as a reset button. */
  aside?: ReactNode;
  /** Puts the control at the end of the label's line, for switches. */
  inline?: boolean;
  labelProps?: ComponentProps<"label">;
  children: ReactNode;
}

export function Field({
  label,
  htmlFor,
  hint,
  error,
  remedy,
  aside,
  inline,
  labelProps,
  children,
}: FieldProps) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <div className={cn("flex items-center gap-1.5", inline ? "min-h-7" : "min-h-6")}>
        <label
          title={label}
          {...labelProps}
          htmlFor={htmlFor}
          className={cn("min-w-0 truncate font-medium text-sm", labelProps?.className)}
        >
          {label}
        </label>
        {aside}
        {inline && <div className="ml-auto flex">{children}</div>}
      </div>
      {!inline && children}
      {hint && <Hint id={`${htmlFor}-hint`} text={hint} />}
      {error && (
        <p id={`${htmlFor}-error`} className="wrap-anywhere text-danger text-xs">
          {error}
        </p>
      )}
      {remedy}
    </div>
  );
}

/** Help longer than this is cut at three lines until it is expanded. */
const LONG = 180;

function Hint({ id, text }: { id: string; text: string }) {
  const [open, setOpen] = useState(false);
  const long = text.length > LONG;
  return (
    <>
      <p id={id} className={cn("wrap-anywhere text-muted text-xs", long && !open && "line-clamp-3")}>
        {text}
      </p>
      {long && (
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="-my-1 min-h-6 self-start rounded-sm text-accent text-xs hover:underline"
        >
          {open ? "Less" : "More"}
        </button>
      )}
    </>
  );
}

/** The ids that a control in a Field refers to. */
export function describedBy(id: string, hint: unknown, error: unknown): string | undefined {
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
}
