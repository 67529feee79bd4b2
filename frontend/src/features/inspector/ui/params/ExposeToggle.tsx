import { PlugZap } from "lucide-react";
import { toggleExposed } from "@/features/blocks/store/blocks";
import { exposedAs } from "@/features/graph/model/blocks/blockPorts";
import type { NamedInput } from "@/features/graph/model/catalogue";
import { openBlock } from "@/features/graph/model/scope";
import { openScope, useGraph } from "@/features/graph/store/graph";
import type { GraphNode } from "@/shared/api/types";
import { IconButton } from "@/shared/ui/IconButton";

/** Inside a block: whether nodes of the block may set this parameter. */
export function ExposeToggle({ node, param }: { node: GraphNode; param: NamedInput }) {
  const inside = useGraph((state) => openBlock(openScope(state)) !== undefined);
  const name = useGraph((state) => exposedAs(openScope(state), node.id, param.name));
  // The id of a layer has no meaning outside the block.
  if (!inside || param.widget === "layer") return null;
  const exposed = name !== undefined;
  return (
    <IconButton
      size="sm"
      label={exposed ? `Exposed as ${name}: stop exposing` : "Expose on the block"}
      active={exposed}
      className={exposed ? "text-accent" : ""}
      onClick={() => toggleExposed(node, param.name)}
    >
      <PlugZap />
    </IconButton>
  );
}

/** Shows on an inner node that the block exposes this parameter. */
export function ExposedMark({ node, param }: { node: GraphNode; param: NamedInput }) {
  const name = useGraph((state) => exposedAs(openScope(state), node.id, param.name));
  if (name === undefined) return null;
  return (
    <span title={`Exposed as ${name}`} className="shrink-0 text-accent">
      <PlugZap aria-hidden className="size-3" />
    </span>
  );
}
