import { useState } from "react";
import { isUnderWay } from "@/features/studies/model/studies";
import { removeStudy } from "@/features/studies/store/studies";
import type { Study } from "@/shared/api/types";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";

/** Asks before a study is deleted, and whether to delete its runs too. */
export function DeleteStudyDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const [runs, setRuns] = useState(false);
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    await removeStudy(study, runs);
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Delete “${study.name}”?`}
      description="Its table, notes and labels are deleted permanently."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="danger" disabled={busy} onClick={() => void remove()}>
            {runs ? "Delete study and runs" : "Delete study"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-2">
        {isUnderWay(study) && (
          <p className="rounded-md bg-warning-soft p-2 text-sm">
            It has not ended yet: running runs are stopped, and waiting runs do not start.
          </p>
        )}
        <label className="flex min-h-6 items-center gap-2">
          <input
            type="checkbox"
            checked={runs}
            onChange={(event) => setRuns(event.target.checked)}
            className="size-4 accent-accent"
          />
          Delete its runs too, with curves, checkpoints and weights
        </label>
        <p className="text-muted text-sm">
          {runs ? "Runs that another study uses are kept." : "The runs are kept in the list of runs."}
        </p>
      </div>
    </Dialog>
  );
}
