import { useState } from "react";
import { nextSeeds, readSeeds } from "@/features/studies/model/studies";
import { addSeeds } from "@/features/studies/store/studies";
import type { Study } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { describedBy, Field } from "@/shared/ui/fields/Field";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { INPUT } from "@/shared/ui/fields/TextField";

/** Asks for more seeds, as a number or one by one, and states what that does to the study. */
export function AddSeedsDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const known = study.plan.seeds;
  const [count, setCount] = useState(Math.max(1, Math.min(5, 100 - known.length)));
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const read = typed.trim() === "" ? { seeds: nextSeeds(known, count) } : readSeeds(typed, known);
  const problem = "problem" in read ? read.problem : undefined;
  const seeds = "seeds" in read ? read.seeds : [];
  const networks = study.variants.filter((variant) => variant.valid && variant.same_as === null).length;
  const add = async (): Promise<void> => {
    setBusy(true);
    const done = await addSeeds(study.id, seeds);
    setBusy(false);
    if (done) onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Add seeds"
      description={`So far: ${known.join(", ")}.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabled={busy || seeds.length === 0} onClick={() => void add()}>
            Add {plural(seeds.length, "seed")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <Field label="How many" htmlFor="seed-count">
          <NumberField
            id="seed-count"
            integer
            min={1}
            max={Math.max(1, 100 - known.length)}
            value={count}
            onCommit={(value) => value !== null && setCount(value)}
            disabled={typed.trim() !== ""}
          />
        </Field>
        <Field
          label="Or which"
          htmlFor="seed-list"
          hint="Whole numbers and ranges, such as 7, 9, 20-24."
          error={problem}
        >
          <input
            id="seed-list"
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
            aria-invalid={problem ? true : undefined}
            aria-describedby={describedBy("seed-list", true, problem)}
            className={INPUT}
          />
        </Field>
        {seeds.length > 0 && (
          <p role="status" className="text-sm">
            {plural(seeds.length * networks, "run")} more: {plural(networks, "network")} with{" "}
            {plural(seeds.length, "seed")} each.
          </p>
        )}
        <p className="rounded-md bg-warning-soft p-2 text-sm">
          The number of seeds was fixed before the results. Where results have been seen, table and caption
          will state “extended after looking”, because adding seeds after looking finds differences that are
          not there.
        </p>
      </div>
    </Dialog>
  );
}
