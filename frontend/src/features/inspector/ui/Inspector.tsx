import { PanelRightClose } from "lucide-react";
import { command } from "@/features/commands/store/commands";
import { findNode } from "@/features/graph/model/document";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { IconButton } from "@/shared/ui/IconButton";
import { ModelSummary } from "./ModelSummary";
import { NodeProperties } from "./NodeProperties";
import { SelectionSummary } from "./SelectionSummary";
import { WireProperties } from "./WireProperties";

/** Properties of the selection; with nothing selected, the model. */
export function Inspector() {
  const nodes = useViewState((state) => state.nodes);
  const edges = useViewState((state) => state.edges);
  const [id] = nodes;
  const [edge] = edges;
  const node = useGraph((state) => (nodes.size === 1 && id ? findNode(openScope(state), id) : undefined));
  const fold = command("rightPanel");

  const several = nodes.size + edges.size > 1;
  const inside = useGraph((state) => state.path.length > 0);
  const title = several ? "Selection" : node ? "Node" : edge ? "Wire" : inside ? "Block" : "Model";
  return (
    <>
      <header className="flex h-9 shrink-0 items-center justify-between border-b pr-1.5 pl-3">
        <h2 className="font-medium">{title}</h2>
        <IconButton size="sm" label={fold.title} keys={fold.keys} onClick={() => fold.run()}>
          <PanelRightClose />
        </IconButton>
      </header>
      <div className="min-h-0 grow overflow-y-auto">
        {several ? (
          <SelectionSummary />
        ) : node ? (
          <NodeProperties key={node.id} node={node} />
        ) : edge ? (
          <WireProperties id={edge} />
        ) : (
          <ModelSummary />
        )}
      </div>
    </>
  );
}
