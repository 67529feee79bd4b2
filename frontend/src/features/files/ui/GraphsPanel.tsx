import { ArrowDownAZ, Clock, Download, FileUp, Image, LayoutGrid, Network, Plus } from "lucide-react";
import { useState } from "react";
import { type CommandId, command } from "@/features/commands/store/commands";
import { useGraphs } from "@/features/files/store/useGraphs";
import { newGraph } from "@/features/graph/store/documents";
import { sortGraphs, useUi } from "@/shared/store/ui";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { IconButton } from "@/shared/ui/IconButton";
import { Menu, type MenuItem } from "@/shared/ui/Menu";
import { DeletedGraphs } from "./DeletedGraphs";
import { GraphList } from "./GraphList";

const item = (label: string, icon: React.ReactNode, id: CommandId, separated = false): MenuItem => ({
  label,
  icon,
  onSelect: () => void command(id).run(),
  separated,
});

/** The stored graphs: find, sort, open, create, duplicate, delete and restore. */
export function GraphsPanel() {
  const { graphs, pending, error, refresh } = useGraphs();
  const [query, setQuery] = useState("");
  const order = useUi((state) => state.graphOrder);
  const found = graphs.filter((graph) => graph.name.toLowerCase().includes(query.trim().toLowerCase()));
  const sorted = order === "name" ? found.toSorted((a, b) => a.name.localeCompare(b.name)) : found;
  return (
    <>
      <div className="flex gap-1.5 p-2">
        <div className="min-w-0 grow">
          <SearchField label="Search graphs" value={query} onChange={setQuery} />
        </div>
        <IconButton
          label={
            order === "name" ? "Sorted by name: sort by last change" : "Sorted by last change: sort by name"
          }
          onClick={() => sortGraphs(order === "name" ? "changed" : "name")}
        >
          {order === "name" ? <ArrowDownAZ /> : <Clock />}
        </IconButton>
        <Menu
          align="end"
          items={[
            item("From a starter", <LayoutGrid />, "starters"),
            {
              label: "Empty graph",
              icon: <Plus />,
              onSelect: () => void newGraph().then(refresh),
            },
            item("From a file or an image", <FileUp />, "import"),
            item("Export this graph", <Download />, "export", true),
            item("Export as PNG", <Image />, "exportPng"),
            item("Export as SVG", <Image />, "exportSvg"),
          ]}
        >
          <Button variant="primary">
            <Plus aria-hidden className="size-4" /> New
          </Button>
        </Menu>
      </div>
      {sorted.length > 0 && <GraphList graphs={sorted} refresh={refresh} />}
      {!pending && found.length === 0 && (
        <EmptyState icon={<Network />} title={error ? "Graphs are not available" : "No graph found"}>
          {error ? error.message : query ? `No graph is called “${query}”.` : "Create a new one to start."}
        </EmptyState>
      )}
      <DeletedGraphs refresh={refresh} />
    </>
  );
}
