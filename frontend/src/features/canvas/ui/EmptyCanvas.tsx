import { Shapes } from "lucide-react";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { openQuickAdd } from "@/features/graph/store/viewState";
import { openDialog } from "@/shared/store/ui";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";

/** The placeholder of a canvas without nodes. */
export function EmptyCanvas() {
  const empty = useGraph((state) => openScope(state).nodes.length === 0);
  const ready = useCatalogue((state) => state.status === "ready");
  if (!empty || !ready) return null;
  return (
    <div className="pointer-events-none absolute inset-0 z-10 flex">
      <EmptyState
        icon={<Shapes />}
        title="This graph is empty"
        action={
          <div className="pointer-events-auto flex gap-2">
            <Button onClick={() => openDialog("starters")}>Start from a network</Button>
            <Button variant="primary" onClick={() => openQuickAdd()}>
              Add a node
            </Button>
          </div>
        }
      >
        Drag node types here from the left, or double-click the canvas. A graph starts with its data.
      </EmptyState>
    </div>
  );
}
