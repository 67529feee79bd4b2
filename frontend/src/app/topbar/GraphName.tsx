import { renameGraph } from "@/features/graph/model/document";
import { edit, isDirty, useGraph } from "@/features/graph/store/graph";
import { TextField } from "@/shared/ui/fields/TextField";

/** The document's name, edited in place, and whether it has edits that no version holds. */
export function GraphName() {
  const name = useGraph((state) => state.graph.name);
  const dirty = useGraph(isDirty);
  return (
    <div className="flex min-w-0 items-center">
      <TextField
        aria-label="Name of the graph"
        value={name}
        onCommit={(text) => edit((graph) => renameGraph(graph, text.trim() || "Untitled"))}
        maxLength={200}
        style={{ width: `${Math.min(Math.max(name.length, 6), 32) + 2}ch` }}
        className="border-transparent bg-transparent px-1.5 font-semibold hover:bg-raised focus:border-line focus:bg-panel"
      />
      {dirty && (
        <span className="shrink-0 px-1 text-muted text-xs max-[1100px]:hidden" title="Ctrl S saves a version">
          edited
        </span>
      )}
    </div>
  );
}
