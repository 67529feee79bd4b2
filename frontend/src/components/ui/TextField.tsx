import { type ComponentProps, type KeyboardEvent, useRef, useState } from "react";
import { cn } from "@/lib/cn";

export const INPUT =
  "h-7 w-full min-w-0 rounded-md border bg-panel px-2 text-base text-text placeholder:text-muted hover:border-line-strong aria-invalid:border-danger disabled:opacity-60";

interface TextFieldProps extends Omit<ComponentProps<"input">, "value" | "onChange" | "onBlur"> {
  value: string;
  /** Called on blur and Enter with the new text; never per key. */
  onCommit: (value: string) => void;
  /** Called on the up and down keys with the text as it stands; what was typed is then given up. */
  onStep?: (text: string, direction: 1 | -1) => void;
  /** Enter and Escape leave the field, for one that is there only while it is used. */
  leaves?: boolean;
}

/** A text field that commits on blur or Enter; Escape puts the old text back. */
export function TextField({ value, onCommit, onStep, leaves = false, className, ...rest }: TextFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const abandoned = useRef(false);

  const commit = (): void => {
    if (draft !== null && draft !== value && !abandoned.current) onCommit(draft);
    abandoned.current = false;
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "Escape" && (leaves || draft !== null)) {
      event.stopPropagation();
      abandoned.current = true;
      event.currentTarget.blur();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      if (leaves) event.currentTarget.blur();
      else commit();
    } else if (onStep && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      setDraft(null);
      onStep(draft ?? value, event.key === "ArrowUp" ? 1 : -1);
    }
  };

  return (
    <input
      type="text"
      autoComplete="off"
      spellCheck={false}
      className={cn(INPUT, className)}
      {...rest}
      value={draft ?? value}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={onKeyDown}
    />
  );
}
