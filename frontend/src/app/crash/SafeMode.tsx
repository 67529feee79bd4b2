import { ShieldCheck } from "lucide-react";
import { type CommandId, command } from "@/features/commands/store/commands";
import { nodeLabel } from "@/features/graph/model/document";
import { useGraph } from "@/features/graph/store/graph";
import { leaveSafeMode } from "@/features/graph/store/safeMode";
import { formatInt, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";

/** How many nodes are named; the rest is counted. */
const NAMED = 500;

/** Shown in place of the canvas in safe mode: the graph as text, and what can be done with it. */
export function SafeMode() {
  const { nodes, edges, name } = useGraph((state) => state.graph);
  return (
    <section aria-label="Safe mode" className="flex h-full flex-col gap-3 overflow-y-auto bg-canvas p-6">
      <h2 className="flex items-center gap-2 font-semibold text-lg">
        <ShieldCheck aria-hidden className="size-5 text-success" /> Safe mode
      </h2>
      <p className="max-w-xl text-muted">
        “{name}” is open but not drawn. Undo, export it, go back to an earlier version, or open another graph
        at the left; then draw it again.
      </p>
      <div className="flex flex-wrap gap-2">
        <Button variant="primary" onClick={() => void leaveSafeMode()}>
          Draw the graph
        </Button>
        {ACTIONS.map((id) => (
          <Button key={id} onClick={() => void command(id).run()}>
            {command(id).title}
          </Button>
        ))}
      </div>
      <p className="font-medium">
        {plural(nodes.length, "node")}, {plural(edges.length, "wire")}
      </p>
      <ul aria-label="Nodes" className="columns-2 gap-6 text-sm">
        {nodes.slice(0, NAMED).map((node) => (
          <li key={node.id} className="truncate">
            {nodeLabel(node)} <span className="text-muted">{node.type}</span>
          </li>
        ))}
      </ul>
      {nodes.length > NAMED && (
        <p className="text-muted text-sm">and {formatInt(nodes.length - NAMED)} more.</p>
      )}
    </section>
  );
}

const ACTIONS: CommandId[] = ["undo", "versions", "export", "open", "new"];
