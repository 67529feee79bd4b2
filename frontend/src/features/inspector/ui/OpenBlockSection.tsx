import { BookmarkPlus, X } from "lucide-react";
import { removeFromBlock, renameBlock, renameOnBlock, saveBlock } from "@/features/blocks/store/blocks";
import { findNode, nodeLabel } from "@/features/graph/model/document";
import { type OpenBlock, openBlock } from "@/features/graph/model/scope";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Field } from "@/shared/ui/fields/Field";
import { TextField } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";
import { Section } from "./Section";

/** The open block: its name and the parameters that it exposes. */
export function OpenBlockSection() {
  const open = useGraph((state) => openBlock(openScope(state)));
  if (!open) return null;
  return (
    <>
      <div className="flex flex-col gap-2.5 p-3">
        <Field label="Block name" htmlFor="open-block-name">
          <TextField
            id="open-block-name"
            value={open.name}
            maxLength={200}
            onCommit={(name) => renameBlock(open.id, name)}
          />
        </Field>
        <Button size="sm" className="self-start" onClick={saveBlock}>
          <BookmarkPlus aria-hidden className="size-3.5" /> Save to my blocks
        </Button>
      </div>
      <Exposed open={open} />
    </>
  );
}

function Exposed({ open }: { open: OpenBlock }) {
  const scope = useGraph(openScope);
  const names = Object.keys(open.params);
  return (
    <Section title="Exposed parameters">
      {names.length === 0 && (
        <p className="text-muted text-sm">
          None yet. Select a node here to expose its parameters on the block.
        </p>
      )}
      <ul className="flex flex-col gap-1.5">
        {names.map((name) => (
          <li key={name} className="flex items-center gap-1">
            <TextField
              aria-label={`Name of the exposed parameter ${name}`}
              value={name}
              maxLength={100}
              onCommit={(text) => renameOnBlock("params", name, text)}
            />
            <span className="min-w-0 grow basis-24 truncate text-muted text-xs">
              {(ownValue(open.params, name) ?? [])
                .map((ref) => {
                  const node = findNode(scope, ref.node);
                  return `${node ? nodeLabel(node) : ref.node} · ${ref.port}`;
                })
                .join(", ")}
            </span>
            <IconButton
              size="sm"
              label={`Stop exposing ${name}`}
              onClick={() => removeFromBlock("params", name)}
            >
              <X />
            </IconButton>
          </li>
        ))}
      </ul>
    </Section>
  );
}
