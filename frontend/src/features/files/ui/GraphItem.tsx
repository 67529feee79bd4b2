import { Copy, Download, ExternalLink, Pencil, Trash2 } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { exportStored } from "@/features/files/store/files";
import { duplicateGraph, openInNewTab, removeGraph, renameStored } from "@/features/files/store/graphList";
import { openGraph } from "@/features/graph/store/documents";
import { useGraph } from "@/features/graph/store/graph";
import type { GraphSummary } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatAgo, plural } from "@/shared/lib/format";
import { NameField } from "@/shared/ui/fields/NameField";
import { MoreMenuButton } from "@/shared/ui/MoreMenuButton";
import { Thumbnail } from "./Thumbnail";

interface GraphItemProps {
  graph: GraphSummary;
  refresh: () => unknown;
}

/** A stored graph in the list: a click opens it, F2 renames it, Delete deletes it. */
export function GraphItem({ graph, refresh }: GraphItemProps) {
  const open = useGraph((state) => state.graphId === graph.id);
  const [renaming, setRenaming] = useState(false);
  const name = useGraph((state) => (state.graphId === graph.id ? state.graph.name : graph.name));
  const then = (action: Promise<void>): void => void action.then(refresh);
  const remove = (): void => then(removeGraph(graph.id, name, refresh));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "F2") setRenaming(true);
    else if (event.key === "Delete") remove();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className={cn(
        "group relative flex h-full items-center rounded-md",
        open ? "bg-accent-soft" : "hover:bg-raised",
      )}
    >
      {renaming ? (
        <div className="flex grow items-center gap-2 px-1.5">
          <Thumbnail graph={graph} />
          <NameField
            label={`Name of ${name}`}
            value={name}
            onCommit={(text) => then(renameStored(graph.id, text))}
            onLeave={() => setRenaming(false)}
            className="h-7 px-2"
          />
        </div>
      ) : (
        <button
          type="button"
          aria-current={open || undefined}
          title={name}
          onClick={() => void openGraph(graph.id)}
          onKeyDown={onKeyDown}
          className="flex h-full min-w-0 grow items-center gap-2 rounded-md px-1.5 text-left"
        >
          <Thumbnail graph={graph} />
          <span className="min-w-0">
            <span className="block truncate font-medium">{name}</span>
            <span className="block truncate text-muted text-xs">
              {plural(graph.nodes, "node")} · {formatAgo(graph.updated)}
              {graph.has_draft && " · unsaved edits"}
            </span>
          </span>
        </button>
      )}
      <MoreMenuButton
        label={`More for ${name}`}
        items={[
          { label: "Open in a new tab", icon: <ExternalLink />, onSelect: () => openInNewTab(graph.id) },
          { label: "Rename", icon: <Pencil />, keys: "f2", onSelect: () => setRenaming(true) },
          { label: "Duplicate", icon: <Copy />, onSelect: () => then(duplicateGraph(graph.id)) },
          {
            label: "Export graph file",
            icon: <Download />,
            onSelect: () => void exportStored(graph.id),
          },
          {
            label: "Delete",
            icon: <Trash2 />,
            keys: "delete",
            danger: true,
            onSelect: remove,
            separated: true,
          },
        ]}
        onHover
        className="mr-1"
      />
    </div>
  );
}
