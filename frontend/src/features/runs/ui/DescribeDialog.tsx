import { type FormEvent, type KeyboardEvent, useId, useState } from "react";
import { describeRun } from "@/features/runs/store/runList";
import { useRunFacets } from "@/features/runs/store/useRunList";
import type { Run } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { Field } from "@/shared/ui/fields/Field";
import { INPUT } from "@/shared/ui/fields/TextField";
import { TagField } from "./TagField";

/** What the user writes about a run: its name, tags and a note. */
export function DescribeDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const id = useId();
  const [name, setName] = useState(run.name);
  const [tags, setTags] = useState(run.tags);
  const [note, setNote] = useState(run.note);
  const facets = useRunFacets();
  const valid = name.trim() !== "";
  const save = (event?: FormEvent): void => {
    event?.preventDefault();
    if (!valid) return;
    void describeRun(run.id, { name: name.trim(), tags, note });
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Name, tags and note"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={id} disabled={!valid}>
            Save
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={save} onKeyDown={onKeyDown} className="flex flex-col gap-3">
        <Field label="Name" htmlFor={`${id}-name`} error={valid ? undefined : "A run needs a name."}>
          <input
            id={`${id}-name`}
            type="text"
            autoComplete="off"
            spellCheck={false}
            maxLength={200}
            aria-invalid={!valid}
            aria-describedby={valid ? undefined : `${id}-name-error`}
            value={name}
            onChange={(event) => setName(event.target.value)}
            className={INPUT}
          />
        </Field>
        <TagField id={`${id}-tags`} label="Tags" tags={tags} onChange={setTags} suggestions={facets.tags} />
        <Field label="Note" htmlFor={`${id}-note`}>
          <textarea
            id={`${id}-note`}
            rows={4}
            maxLength={10_000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
            placeholder="What was tried, and the outcome"
            className={cn(INPUT, "h-auto resize-y py-1")}
          />
        </Field>
      </form>
    </Dialog>
  );
}
