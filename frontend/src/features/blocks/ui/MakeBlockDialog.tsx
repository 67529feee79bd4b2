import { type FormEvent, useState } from "react";
import { freshBlockName, makeBlockOfSelection } from "@/features/blocks/store/blocks";
import { useViewState } from "@/features/graph/store/viewState";
import { plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { INPUT } from "@/shared/ui/fields/TextField";

const FORM = "make-block";

/** Asks for the name of the block of the selected nodes. */
export function MakeBlockDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(freshBlockName);
  const count = useViewState((state) => state.nodes.size);
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    onClose();
    makeBlockOfSelection(name);
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Make a block"
      description={`Replaces ${plural(count, "node")} with one that can be reused and repeated.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={FORM}>
            Make block
          </Button>
        </>
      }
    >
      <form id={FORM} onSubmit={onSubmit}>
        <label htmlFor="block-name" className="mb-1 block font-medium text-sm">
          Block name
        </label>
        <input
          id="block-name"
          autoFocus
          autoComplete="off"
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onFocus={(event) => event.target.select()}
          className={INPUT}
        />
      </form>
    </Dialog>
  );
}
