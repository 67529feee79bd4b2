import {
  BookmarkPlus,
  Copy,
  CopyPlus,
  ExternalLink,
  Group,
  PencilLine,
  Power,
  SquareArrowOutUpRight,
  SquareSplitHorizontal,
  Trash2,
  Ungroup,
} from "lucide-react";
import type { ReactElement } from "react";
import type { GraphNode, NodeInfo } from "@/api/types";
import { ContextMenuArea, Menu, type MenuItem } from "@/components/ui/Menu";
import { blockOf } from "@/lib/rewire";
import { select, useCanvas } from "@/store/canvas";
import { type CommandId, command } from "@/store/commands";

interface NodeMenuProps {
  node: GraphNode;
  info: NodeInfo | undefined;
  children: ReactElement;
}

/** What can be done with a node; with the others that are selected, where it is one of them. */
function useItems({ node, info }: Omit<NodeMenuProps, "children">): MenuItem[] {
  const on = (id: CommandId): MenuItem => {
    const { title, keys, run } = command(id);
    return {
      label: title,
      keys,
      onSelect: () => {
        if (!useCanvas.getState().nodes.has(node.id)) select([node.id]);
        run();
      },
    };
  };
  return [
    { ...on("rename"), icon: <PencilLine /> },
    {
      ...on("disable"),
      label: node.disabled ? "Enable" : "Disable",
      icon: <Power />,
      disabled: info !== undefined && !info.can_disable,
    },
    ...blockItems(node, on),
    { ...on("copy"), icon: <Copy /> },
    { ...on("duplicate"), icon: <CopyPlus /> },
    ...(info?.url
      ? [
          {
            label: "PyTorch documentation",
            icon: <ExternalLink />,
            onSelect: () => void window.open(info.url, "_blank", "noopener"),
          },
        ]
      : []),
    { ...on("delete"), icon: <Trash2 />, danger: true, separated: true },
  ];
}

function blockItems(node: GraphNode, on: (id: CommandId) => MenuItem): MenuItem[] {
  const make: MenuItem = { ...on("makeBlock"), icon: <Group /> };
  if (blockOf(node) === undefined) return [make];
  return [
    { ...on("openBlock"), icon: <SquareArrowOutUpRight />, separated: true },
    { ...on("dissolveBlock"), icon: <Ungroup /> },
    { ...on("independentBlock"), icon: <SquareSplitHorizontal /> },
    { ...on("saveBlock"), icon: <BookmarkPlus /> },
    { ...make, separated: true },
  ];
}

export function NodeMenu({ children, ...rest }: NodeMenuProps) {
  return (
    <Menu items={useItems(rest)} align="end">
      {children}
    </Menu>
  );
}

export function NodeMenuArea({ children, ...rest }: NodeMenuProps) {
  return <ContextMenuArea items={useItems(rest)}>{children}</ContextMenuArea>;
}
