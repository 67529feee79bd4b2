import {
  AlignEndHorizontal,
  AlignEndVertical,
  AlignHorizontalDistributeCenter,
  AlignStartHorizontal,
  AlignStartVertical,
  AlignVerticalDistributeCenter,
  CopyPlus,
  FlaskConicalOff,
  Group,
  Power,
  Trash2,
} from "lucide-react";
import { askForBlock } from "@/features/blocks/store/blocks";
import { command } from "@/features/commands/store/commands";
import { deleteSelection, duplicateSelection, toggleDisabled } from "@/features/graph/store/editing";
import { useViewState } from "@/features/graph/store/viewState";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import { Tooltip } from "@/shared/ui/Tooltip";

/** Actions on several things at once; `count` of them are nodes. */
export function SelectionActions({ count }: { count: number }) {
  return (
    <div className="flex flex-wrap gap-1.5">
      {count > 0 && (
        <>
          <Button size="sm" onClick={() => toggleDisabled()}>
            <Power aria-hidden className="size-3.5" /> Disable or enable
          </Button>
          <AblateButton />
          <Button size="sm" onClick={duplicateSelection}>
            <CopyPlus aria-hidden className="size-3.5" /> Duplicate
          </Button>
          <Button size="sm" onClick={askForBlock}>
            <Group aria-hidden className="size-3.5" /> Make a block
          </Button>
        </>
      )}
      <Button size="sm" className="text-danger!" onClick={deleteSelection}>
        <Trash2 aria-hidden className="size-3.5" /> Delete
      </Button>
      {count > 1 && <Arrange count={count} />}
    </div>
  );
}

function AblateButton() {
  // What is possible depends on the selection.
  useViewState((state) => state.nodes);
  const { title, when, run } = command("ablate");
  const reason = when?.() ?? null;
  return (
    <Tooltip content={reason ?? "Define a study that removes each of them"}>
      <Button size="sm" aria-disabled={reason !== null} onClick={() => reason === null && run()}>
        <FlaskConicalOff aria-hidden className="size-3.5" /> {title}
      </Button>
    </Tooltip>
  );
}

const ARRANGEMENTS = [
  { id: "alignLeft", least: 2, icon: AlignStartVertical },
  { id: "alignRight", least: 2, icon: AlignEndVertical },
  { id: "alignTop", least: 2, icon: AlignStartHorizontal },
  { id: "alignBottom", least: 2, icon: AlignEndHorizontal },
  { id: "spaceAcross", least: 3, icon: AlignHorizontalDistributeCenter },
  { id: "spaceDown", least: 3, icon: AlignVerticalDistributeCenter },
] as const;

function Arrange({ count }: { count: number }) {
  return (
    <fieldset aria-label="Arrange" className="flex rounded-md border">
      {ARRANGEMENTS.map(({ id, least, icon: Icon }) => {
        const { title, run } = command(id);
        return (
          <IconButton key={id} size="sm" label={title} disabled={count < least} onClick={() => run()}>
            <Icon />
          </IconButton>
        );
      })}
    </fieldset>
  );
}
