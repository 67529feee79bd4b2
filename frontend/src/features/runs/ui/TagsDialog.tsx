import { type FormEvent, useId, useState } from "react";
import { describeRuns } from "@/features/runs/store/runList";
import { useRuns } from "@/features/runs/store/runs";
import { useRunFacets } from "@/features/runs/store/useRunList";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { TagField } from "./TagField";

/** Adds tags to many runs, or removes some. */
export function TagsDialog({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const id = useId();
  const [added, setAdded] = useState<string[]>([]);
  const [removed, setRemoved] = useState<string[]>([]);
  const { tags } = useRunFacets();
  const known = useRuns((state) => state.runs);
  // Tags of the selected runs come first; only the server knows those of runs that are not loaded.
  const theirs = new Set(ids.flatMap((run) => ownValue(known, run)?.tags ?? []));
  const removable = [...tags].sort((a, b) => Number(theirs.has(b.name)) - Number(theirs.has(a.name)));
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void describeRuns(ids, { add_tags: added, remove_tags: removed });
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Tags of ${plural(ids.length, "run")}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            type="submit"
            form={id}
            disabled={added.length === 0 && removed.length === 0}
          >
            Save
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={save} className="flex flex-col gap-3">
        <TagField id={`${id}-add`} label="Add" tags={added} onChange={setAdded} suggestions={tags} />
        <TagField
          id={`${id}-remove`}
          label="Remove"
          tags={removed}
          onChange={setRemoved}
          suggestions={removable.filter(({ name }) => !added.includes(name))}
        />
      </form>
    </Dialog>
  );
}
