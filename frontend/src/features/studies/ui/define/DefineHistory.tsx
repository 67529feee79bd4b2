import { Redo2, Undo2 } from "lucide-react";
import type { ReactNode } from "react";
import { useHotkeys } from "react-hotkeys-hook";
import { redoDraft, undoDraft, useDraftHistory } from "@/features/studies/store/studyDefinition";
import { TYPED } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";

const UNDO = "mod+z";
const REDO = "mod+shift+z, mod+y";

/** Undo and redo of the definition, by buttons and by keys. */
export function DefineHistory() {
  const { past, future } = useDraftHistory();
  useStepKeys();
  return (
    <>
      <Step label="Undo" keys={UNDO} none={past === 0} onStep={undoDraft}>
        <Undo2 />
      </Step>
      <Step label="Redo" keys={REDO} none={future === 0} onStep={redoDraft}>
        <Redo2 />
      </Step>
    </>
  );
}

interface StepProps {
  label: "Undo" | "Redo";
  keys: string;
  none: boolean;
  onStep: () => void;
  children: ReactNode;
}

function Step({ label, keys, none, onStep, children }: StepProps) {
  return (
    <IconButton
      label={label}
      tip={none ? `There is nothing to ${label.toLowerCase()}.` : undefined}
      keys={none ? undefined : keys}
      side="top"
      aria-disabled={none}
      onClick={onStep}
    >
      {children}
    </IconButton>
  );
}

/** A text that is being typed, and the search in a list, have the browser's own undo. */
const hasItsOwn = ({ target }: Event): boolean =>
  target instanceof Element && target.matches(`[${TYPED}], [type=search]`);

function useStepKeys(): void {
  const options = {
    enableOnFormTags: true,
    preventDefault: true,
    useKey: true,
    ignoreEventWhen: hasItsOwn,
  };
  useHotkeys(UNDO, undoDraft, options);
  useHotkeys(REDO, redoDraft, options);
}
