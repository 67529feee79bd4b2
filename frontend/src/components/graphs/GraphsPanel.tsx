import { Copy, Download, FileUp, LayoutGrid, MoreHorizontal, Network, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { GraphSummary } from "@/api/types";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { EmptyState } from "@/components/ui/EmptyState";
import { Menu } from "@/components/ui/Menu";
import { SearchField } from "@/components/ui/SearchField";
import { useGraphs } from "@/hooks/useGraphs";
import { cn } from "@/lib/cn";
import { formatAgo, plural } from "@/lib/format";
import { command } from "@/store/commands";
import { duplicateGraph, newGraph, openGraph, removeGraph } from "@/store/documents";
import { useGraph } from "@/store/graph";

/** The stored graphs: open, make, copy and delete them. */
export function GraphsPanel() {
  const { graphs, pending, error, refresh } = useGraphs();
  const [query, setQuery] = useState("");
  const [doomed, setDoomed] = useState<GraphSummary | null>(null);
  const found = graphs.filter((graph) => graph.name.toLowerCase().includes(query.trim().toLowerCase()));
  const then = (action: Promise<void>): void => void action.then(refresh);
  return (
    <>
      <div className="flex gap-1.5 p-2">
        <SearchField label="Search graphs" value={query} onChange={setQuery} />
        <Menu
          align="end"
          items={[
            {
              label: "From a starter",
              icon: <LayoutGrid />,
              onSelect: () => void command("starters").run(),
            },
            { label: "Empty graph", icon: <Plus />, onSelect: () => then(newGraph()) },
            {
              label: "From a file",
              icon: <FileUp />,
              onSelect: () => void command("import").run(),
              separated: true,
            },
            { label: "Export this graph", icon: <Download />, onSelect: () => void command("export").run() },
          ]}
        >
          <Button variant="primary">
            <Plus aria-hidden className="size-4" /> New
          </Button>
        </Menu>
      </div>
      <ul className="min-h-0 grow overflow-y-auto px-2 pb-2">
        {found.map((graph) => (
          <GraphItem
            key={graph.id}
            graph={graph}
            onDuplicate={() => then(duplicateGraph(graph.id))}
            onDelete={() => setDoomed(graph)}
          />
        ))}
      </ul>
      {!pending && found.length === 0 && (
        <EmptyState icon={<Network />} title={error ? "Graphs are not available" : "No graph found"}>
          {error ? error.message : query ? `No graph is called “${query}”.` : "Make a new one to begin."}
        </EmptyState>
      )}
      <Dialog
        open={doomed !== null}
        onOpenChange={() => setDoomed(null)}
        title={`Delete “${doomed?.name}”?`}
        description="The graph and all its versions are deleted. Runs that were made from it stay."
        footer={
          <>
            <Button onClick={() => setDoomed(null)}>Cancel</Button>
            <Button
              variant="danger"
              onClick={() => {
                if (doomed) then(removeGraph(doomed.id));
                setDoomed(null);
              }}
            >
              Delete graph
            </Button>
          </>
        }
      />
    </>
  );
}

interface GraphItemProps {
  graph: GraphSummary;
  onDuplicate: () => void;
  onDelete: () => void;
}

function GraphItem({ graph, onDuplicate, onDelete }: GraphItemProps) {
  const open = useGraph((state) => state.graphId === graph.id);
  return (
    <li
      className={cn(
        "group relative flex items-center rounded-md",
        open ? "bg-accent-soft" : "hover:bg-raised",
      )}
    >
      <button
        type="button"
        aria-current={open || undefined}
        onClick={() => void openGraph(graph.id)}
        className="min-w-0 grow rounded-md px-2 py-1.5 text-left"
      >
        <span className="block truncate font-medium">{graph.name}</span>
        <span className="block truncate text-muted text-xs">
          {plural(graph.nodes, "node")} · {formatAgo(graph.updated)}
          {graph.has_draft && " · unsaved edits"}
        </span>
      </button>
      <Menu
        align="end"
        items={[
          { label: "Duplicate", icon: <Copy />, onSelect: onDuplicate },
          { label: "Delete", icon: <Trash2 />, danger: true, onSelect: onDelete, separated: true },
        ]}
      >
        <button
          type="button"
          aria-label={`More for ${graph.name}`}
          className="mr-1 inline-flex size-6 shrink-0 items-center justify-center rounded-md text-muted opacity-0 hover:bg-line hover:text-text focus-visible:opacity-100 group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100"
        >
          <MoreHorizontal className="size-4" />
        </button>
      </Menu>
    </li>
  );
}
