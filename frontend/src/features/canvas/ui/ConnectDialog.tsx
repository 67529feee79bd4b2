import { ArrowLeft, ArrowRight } from "lucide-react";
import { useMemo, useState } from "react";
import { type Join, joinsOf } from "@/features/canvas/model/joins";
import { edgeId, findNode, nodeLabel } from "@/features/graph/model/document";
import { useCanvas } from "@/features/graph/store/canvas";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { connectPorts } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { PaletteDialog, PaletteGroup, PaletteItem } from "@/shared/ui/PaletteDialog";

/** Draws a wire of the selected node without a pointer: every port that fits, by name. */
export function ConnectDialog({ onClose }: { onClose: () => void }) {
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const [id = ""] = useCanvas.getState().nodes;
  const joins = useMemo(() => joinsOf(graph, types, id), [graph, types, id]);
  const [search, setSearch] = useState("");
  const node = findNode(graph, id);
  const name = node ? nodeLabel(node) : id;
  const out = joins.filter(({ edge }) => edge.source === id);
  const into = joins.filter(({ edge }) => edge.target === id);
  const choose = ({ edge }: Join): void => {
    onClose();
    connectPorts(edge);
  };
  const rows = (list: Join[], arrow: React.ReactNode) =>
    list.map((join) => (
      <PaletteItem
        key={edgeId(join.edge)}
        value={`${join.from} ${join.to} ${edgeId(join.edge)}`}
        icon={arrow}
        detail={join.replaces ? "replaces its wire" : undefined}
        onSelect={() => choose(join)}
      >
        {join.from} {join.edge.source === id ? "into" : "from"} {join.to}
      </PaletteItem>
    ));
  return (
    <PaletteDialog
      label={`Connect ${name}`}
      placeholder={`Connect ${name} with…`}
      empty={joins.length === 0 ? `No free port fits those of ${name}.` : "No port is called that."}
      search={search}
      onSearch={setSearch}
      onClose={onClose}
    >
      {out.length > 0 && (
        <PaletteGroup heading={`From an output of ${name}`}>{rows(out, <ArrowRight />)}</PaletteGroup>
      )}
      {into.length > 0 && (
        <PaletteGroup heading={`Into an input of ${name}`}>{rows(into, <ArrowLeft />)}</PaletteGroup>
      )}
    </PaletteDialog>
  );
}
