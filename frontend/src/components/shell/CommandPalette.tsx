import { Command as Cmdk } from "cmdk";
import { Search } from "lucide-react";
import { Kbd } from "@/components/ui/Kbd";
import { TypeIcon, tintOf } from "@/components/ui/TypeIcon";
import { addable } from "@/lib/addable";
import { infoOf } from "@/lib/blockInfo";
import { nodeLabel } from "@/lib/document";
import { focusNode } from "@/store/canvas";
import { useCatalogue } from "@/store/catalogue";
import { COMMANDS, type Command } from "@/store/commands";
import { addAtCentre } from "@/store/editing";
import { openScope, useGraph } from "@/store/graph";

const ITEM =
  "flex h-8 select-none items-center gap-2 rounded-md px-2 data-[selected=true]:bg-raised [&_svg]:shrink-0";
const GROUP =
  "[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:text-xs";

/** Every command, every node type to add, and every node to go to, by name. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const types = useCatalogue((state) => state.types);
  const scope = useGraph(openScope);
  const { nodes } = scope;
  const infos = new Map(nodes.map((node) => [node, infoOf(scope, types, node)]));
  const commands: Command[] = Object.values(COMMANDS).filter((command) => command !== COMMANDS.commands);
  const then = (action: () => unknown) => () => {
    onClose();
    action();
  };
  return (
    <Cmdk.Dialog
      open
      onOpenChange={onClose}
      label="Commands"
      loop
      overlayClassName="fixed inset-0 z-40 bg-black/40"
      contentClassName="fixed top-[14vh] left-1/2 z-50 w-[min(560px,calc(100vw-32px))] -translate-x-1/2 animate-pop overflow-hidden rounded-lg border bg-panel shadow-pop"
    >
      <div className="flex h-11 items-center gap-2 border-b px-3">
        <Search aria-hidden className="size-4 text-muted" />
        <Cmdk.Input
          placeholder="Search commands and nodes"
          className="h-full grow bg-transparent text-lg outline-none placeholder:text-muted"
        />
        <Kbd keys="escape" />
      </div>
      <Cmdk.List className="max-h-[50vh] overflow-y-auto p-1.5">
        <Cmdk.Empty className="py-6 text-center text-muted">Nothing is called that.</Cmdk.Empty>
        <Cmdk.Group heading="Commands" className={GROUP}>
          {commands.map((command) => (
            <Cmdk.Item
              key={command.title}
              value={`${command.group} ${command.title}`}
              onSelect={then(command.run)}
              className={ITEM}
            >
              <span className="grow">{command.title}</span>
              {command.keys ? (
                <Kbd keys={command.keys} />
              ) : (
                <span className="text-muted text-xs">{command.group}</span>
              )}
            </Cmdk.Item>
          ))}
        </Cmdk.Group>
        <Cmdk.Group heading="Add a node" className={GROUP}>
          {addable(scope, types).map(({ info, params }) => (
            <Cmdk.Item
              key={`${info.type}/${String(params.block ?? "")}`}
              value={`add ${info.display_name} ${info.category} ${String(params.block ?? "")}`}
              onSelect={then(() => addAtCentre(info, params))}
              className={ITEM}
            >
              <span style={{ color: tintOf(info) }}>
                <TypeIcon info={info} className="size-4" />
              </span>
              <span className="grow">Add {info.display_name}</span>
              <span className="text-muted text-xs">{info.category}</span>
            </Cmdk.Item>
          ))}
        </Cmdk.Group>
        <Cmdk.Group heading="Go to" className={GROUP}>
          {nodes.map((node) => (
            <Cmdk.Item
              key={node.id}
              value={`go to ${nodeLabel(node)} ${node.id}`}
              onSelect={then(() => focusNode(node.id))}
              className={ITEM}
            >
              <span style={{ color: tintOf(infos.get(node)) }}>
                <TypeIcon info={infos.get(node)} className="size-4" />
              </span>
              <span className="grow truncate">{nodeLabel(node)}</span>
              <span className="text-muted text-xs">{infos.get(node)?.display_name ?? node.type}</span>
            </Cmdk.Item>
          ))}
        </Cmdk.Group>
      </Cmdk.List>
    </Cmdk.Dialog>
  );
}
