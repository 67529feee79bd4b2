import { ArrowLeft, ArrowRight } from "lucide-react";
import { useMemo, useState } from "react";
import { type PossibleWire, possibleWires } from "@/features/canvas/model/possibleWires";
import { edgeId, findNode, nodeLabel } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { connectPorts } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { PaletteDialog, PaletteGroup, PaletteItem } from "@/shared/ui/PaletteDialog";

/** Connect the selected node without a pointer: lists every port that fits. */
export function ConnectDialog({ onClose }: { onClose: () => void }) {
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const [id = ""] = useViewState.getState().nodes;
  const wires = useMemo(() => possibleWires(graph, types, id), [graph, types, id]);
  const [search, setSearch] = useState("");
  const node = findNode(graph, id);
  const name = node ? nodeLabel(node) : id;
  const out = wires.filter(({ edge }) => edge.source === id);
  const into = wires.filter(({ edge }) => edge.target === id);
  const choose = ({ edge }: PossibleWire): void => {
    onClose();
    connectPorts(edge);
  };
  const rows = (list: PossibleWire[], arrow: React.ReactNode) =>
    list.map((wire) => (
      <PaletteItem
        key={edgeId(wire.edge)}
        value={`${wire.from} ${wire.to} ${edgeId(wire.edge)}`}
        icon={arrow}
        detail={wire.replaces ? "replaces its wire" : undefined}
        onSelect={() => choose(wire)}
      >
        {wire.from} {wire.edge.source === id ? "into" : "from"} {wire.to}
      </PaletteItem>
    ));
  return (
    <PaletteDialog
      label={`Connect ${name}`}
      placeholder={`Connect ${name} with…`}
      empty={wires.length === 0 ? `No free port fits those of ${name}.` : "No matching port."}
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
