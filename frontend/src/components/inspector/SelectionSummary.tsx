import { CopyPlus, Group, Power, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { plural } from "@/lib/format";
import { askForBlock } from "@/store/blocks";
import { useCanvas } from "@/store/canvas";
import { deleteSelection, duplicateSelection, toggleDisabled } from "@/store/editing";

/** What can be done with several things at once. */
export function SelectionSummary() {
  const nodes = useCanvas((state) => state.nodes.size);
  const edges = useCanvas((state) => state.edges.size);
  const what = [nodes > 0 && plural(nodes, "node"), edges > 0 && plural(edges, "wire")]
    .filter(Boolean)
    .join(" and ");
  return (
    <div className="flex flex-col gap-3 p-3">
      <p>{what} selected</p>
      <div className="flex flex-wrap gap-1.5">
        {nodes > 0 && (
          <>
            <Button size="sm" onClick={() => toggleDisabled()}>
              <Power aria-hidden className="size-3.5" /> Disable or enable
            </Button>
            <Button size="sm" onClick={duplicateSelection}>
              <CopyPlus aria-hidden className="size-3.5" /> Duplicate
            </Button>
            <Button size="sm" onClick={askForBlock}>
              <Group aria-hidden className="size-3.5" /> Make a block
            </Button>
          </>
        )}
        <Button size="sm" className="text-danger" onClick={deleteSelection}>
          <Trash2 aria-hidden className="size-3.5" /> Delete
        </Button>
      </div>
    </div>
  );
}
