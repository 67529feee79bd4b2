import { useState } from "react";
import { saveGraph } from "@/features/graph/store/documents";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { INPUT } from "@/shared/ui/fields/TextField";

const LONGEST = 200;

/** Asks what to call the version that is saved. */
export function SaveVersionDialog({ onClose }: { onClose: () => void }) {
  const [label, setLabel] = useState("");
  const save = (): void => {
    onClose();
    void saveGraph(label.trim());
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Save a named version"
      description="Versions are kept; Versions… shows, compares and restores them."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" onClick={save}>
            Save
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <input
          autoFocus
          aria-label="Name of the version"
          placeholder="For example: before dropout"
          maxLength={LONGEST}
          value={label}
          onChange={(event) => setLabel(event.target.value)}
          className={INPUT}
        />
      </form>
    </Dialog>
  );
}
