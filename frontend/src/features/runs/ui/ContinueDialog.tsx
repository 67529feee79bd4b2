import { useState } from "react";
import { trainMore } from "@/features/runs/store/runs";
import type { Run } from "@/shared/api/types";
import { formatInt, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { NumberField } from "@/shared/ui/fields/NumberField";

/** Asks for how many more epochs an ended run is to be trained. */
export function ContinueDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const [epochs, setEpochs] = useState(Math.max(1, run.progress.epochs));
  const valid = Number.isInteger(epochs) && epochs >= 1 && epochs <= 1_000_000;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Train more epochs"
      description={`“${run.name}” was trained for ${plural(run.progress.epoch, "epoch")}. A new run continues from its last checkpoint, with its curves.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            disabled={!valid}
            onClick={() => {
              void trainMore(run, epochs);
              onClose();
            }}
          >
            {valid ? `Train ${formatInt(epochs)} more` : "Train more"}
          </Button>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noLabelWithoutControl: NumberField is the control */}
      <label className="flex flex-col gap-1 font-medium">
        More epochs
        <NumberField
          label="More epochs"
          integer
          min={1}
          max={1_000_000}
          value={epochs}
          onCommit={(value) => setEpochs(value ?? 1)}
          invalid={!valid}
        />
      </label>
    </Dialog>
  );
}
