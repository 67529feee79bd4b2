import { useState } from "react";
import { COMMANDS, type Command, type CommandId, perform } from "@/features/commands/store/commands";
import { CommandIcon } from "@/features/commands/ui/CommandIcon";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { nodeLabel } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { addAtCentre } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode } from "@/features/graph/store/viewState";
import { addableNodes } from "@/features/palette/model/addableNodes";
import { categoryColor } from "@/shared/lib/categoryColor";
import { PaletteDialog, PaletteGroup, PaletteItem } from "@/shared/ui/PaletteDialog";
import { TypeIcon } from "@/shared/ui/TypeIcon";

/** Every command, every node type to add, and every node to go to, by name. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const types = useCatalogue((state) => state.types);
  const scope = useGraph(openScope);
  const [search, setSearch] = useState("");
  // Read once: the page does not change while the palette is open.
  const [commands] = useState(commandsNow);
  const then = (action: () => unknown) => () => {
    onClose();
    action();
  };
  return (
    <PaletteDialog
      label="Commands"
      placeholder="Search commands and nodes"
      empty="No match."
      search={search}
      onSearch={setSearch}
      onClose={onClose}
    >
      <PaletteGroup heading="Commands">
        {commands.map(({ id, command, reason }) => (
          <PaletteItem
            key={id}
            value={`${command.group} ${command.title}`}
            keywords={command.keywords?.split(" ") ?? []}
            icon={<CommandIcon id={id} />}
            keys={command.keys}
            detail={command.group}
            reason={reason}
            onSelect={then(() => perform(command))}
          >
            {command.title}
          </PaletteItem>
        ))}
      </PaletteGroup>
      <PaletteGroup heading="Add a node">
        {addableNodes(scope, types).map(({ info, params }) => (
          <PaletteItem
            key={`${info.type}/${String(params.block ?? "")}`}
            value={`add ${info.display_name} ${info.category} ${String(params.block ?? "")}`}
            icon={<TypeIcon info={info} />}
            tint={categoryColor(info)}
            detail={info.category}
            onSelect={then(() => addAtCentre(info, params))}
          >
            Add {info.display_name}
          </PaletteItem>
        ))}
      </PaletteGroup>
      <PaletteGroup heading="Go to">
        {scope.nodes.map((node) => {
          const info = infoOf(scope, types, node);
          return (
            <PaletteItem
              key={node.id}
              value={`go to ${nodeLabel(node)} ${node.id}`}
              icon={<TypeIcon info={info} />}
              tint={categoryColor(info)}
              detail={info?.display_name ?? node.type}
              onSelect={then(() => focusNode(node.id))}
            >
              {nodeLabel(node)}
            </PaletteItem>
          );
        })}
      </PaletteGroup>
    </PaletteDialog>
  );
}

/** All commands but the one that opens the palette, those that are possible now first. */
function commandsNow() {
  const all = (Object.entries(COMMANDS) as [CommandId, Command][]).filter(([id]) => id !== "commands");
  const listed = all.map(([id, command]) => ({ id, command, reason: command.when?.() ?? null }));
  return [
    ...listed.filter(({ reason }) => reason === null),
    ...listed.filter(({ reason }) => reason !== null),
  ];
}
