import { type ComponentProps, type KeyboardEvent, useRef, useState } from "react";
import { cn } from "@/shared/lib/cn";
import type { StepSize } from "@/shared/lib/numbers";
import { FieldError } from "./FieldError";

export const INPUT =
  "h-7 w-full min-w-0 rounded-md border bg-panel px-2 text-base text-text placeholder:text-muted hover:border-line-strong aria-invalid:border-danger disabled:opacity-60";

/** Marks a field whose text is not committed: Ctrl Z is then the browser's own. */
export const TYPED = "data-typed";

interface TextFieldProps extends Omit<ComponentProps<"input">, "value" | "onChange" | "onBlur"> {
  value: string;
  /** Called on blur and Enter with the new text; never per key. */
  onCommit: (value: string) => void;
  /** Why a text is not valid, as a sentence. It then stays in the field, for correction. */
  check?: (text: string) => string | null;
  /** The text one step up or down from the one in the field; it is committed when the key is released. */
  onStep?: (text: string, direction: 1 | -1, size: StepSize) => string;
  /** Enter and Escape leave the field, for one that is there only while it is used. */
  leaves?: boolean;
  /** Where the reason is shown: below the field, or in a tip where there is no room. */
  problemAt?: "below" | "tip" | undefined;
}

interface Draft {
  text: string;
  /** The value that the draft started from. */
  of: string;
  problem: string | null;
}

const ARROWS: Record<string, 1 | -1> = { ArrowUp: 1, ArrowDown: -1 };

const commands = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey;

/** Enter commits the text, alone and as Run, and so does the key that saves. */
const takesText = (event: KeyboardEvent): boolean =>
  event.key === "Enter" || (commands(event) && event.key.toLowerCase() === "s");

/** A text field that commits on blur or Enter; Escape restores the previous text. */
export function TextField(props: TextFieldProps) {
  const { value, onCommit, check, onStep, leaves = false, problemAt = "tip", className, ...rest } = props;
  const [made, setDraft] = useState<Draft | null>(null);
  // A rejected text is dropped when the value changes, such as by an undo.
  const draft = made?.problem && made.of !== value ? null : made;
  const abandoned = useRef(false);
  const write = (text: string, problem: string | null = null): void => setDraft({ text, of: value, problem });

  /** Whether what is in the field may stay there. */
  const commit = (): boolean => {
    const given = draft !== null && draft.text !== value && !abandoned.current ? draft.text : null;
    const problem = given === null ? null : (check?.(given) ?? null);
    abandoned.current = false;
    if (given !== null && problem !== null) write(given, problem);
    else setDraft(null);
    if (given !== null && problem === null) onCommit(given);
    return problem === null;
  };
  const giveUp = (field: HTMLInputElement): void => {
    if (draft?.problem && !leaves) setDraft(null);
    else {
      abandoned.current = true;
      field.blur();
    }
  };
  const step = (event: KeyboardEvent, direction: 1 | -1): void => {
    const size = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    event.preventDefault();
    if (onStep) write(onStep(draft?.text ?? value, direction, size));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const direction = ARROWS[event.key];
    if (event.key === "Escape" && (leaves || draft !== null)) {
      event.stopPropagation();
      giveUp(event.currentTarget);
    } else if (takesText(event)) {
      if (leaves && !commands(event)) event.currentTarget.blur();
      // Run and Save do not continue without what is in the field.
      else if (!commit()) event.stopPropagation();
    } else if (onStep && direction && !commands(event)) {
      step(event, direction);
    }
  };
  const onKeyUp = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (onStep && event.key in ARROWS) commit();
  };

  const input = (
    <input
      type="text"
      autoComplete="off"
      spellCheck={false}
      className={cn(INPUT, className)}
      {...rest}
      {...(draft?.problem && { "aria-invalid": true })}
      {...(draft && draft.text !== value && { [TYPED]: "" })}
      value={draft?.text ?? value}
      onChange={(event) => write(event.target.value)}
      onBlur={commit}
      onKeyDown={onKeyDown}
      onKeyUp={onKeyUp}
    />
  );
  return check ? (
    <FieldError problem={draft?.problem ?? null} at={problemAt}>
      {input}
    </FieldError>
  ) : (
    input
  );
}
