import { BookmarkPlus, CopyPlus, SquareArrowOutUpRight, Ungroup } from "lucide-react";
import { expandSelectedBlock, makeIndependent, renameBlock, saveBlock } from "@/features/blocks/store/blocks";
import { blockOf } from "@/features/graph/model/rewire";
import { usesOf } from "@/features/graph/model/scope";
import { useGraph } from "@/features/graph/store/graph";
import { openBlock } from "@/features/graph/store/scope";
import type { GraphNode } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Field } from "@/shared/ui/fields/Field";
import { TextField } from "@/shared/ui/fields/TextField";
import { Section } from "./Section";

/** The block of a Block node, and its actions. */
export function BlockSection({ node }: { node: GraphNode }) {
  const id = blockOf(node) ?? "";
  const block = useGraph((state) => ownValue(state.graph.blocks, id));
  const uses = useGraph((state) => usesOf(state.graph, id));
  if (!block) return null;
  return (
    <Section title="Block">
      <Field
        label="Block name"
        htmlFor={`block-${node.id}`}
        hint={`${plural(block.nodes.length, "node")} inside${uses > 1 ? `, used ${uses} times: an edit inside changes all` : ""}`}
      >
        <TextField
          id={`block-${node.id}`}
          value={block.name}
          maxLength={200}
          onCommit={(name) => renameBlock(id, name)}
        />
      </Field>
      <div className="flex flex-wrap gap-1.5">
        <Button size="sm" onClick={() => openBlock(node.id)}>
          <SquareArrowOutUpRight aria-hidden className="size-3.5" /> Open
        </Button>
        <Button size="sm" onClick={expandSelectedBlock}>
          <Ungroup aria-hidden className="size-3.5" /> Expand
        </Button>
        {uses > 1 && (
          <Button size="sm" onClick={makeIndependent}>
            <CopyPlus aria-hidden className="size-3.5" /> Make independent
          </Button>
        )}
        <Button size="sm" onClick={saveBlock}>
          <BookmarkPlus aria-hidden className="size-3.5" /> Save to my blocks
        </Button>
      </div>
    </Section>
  );
}
