import { Copy, CopyPlus, ExternalLink, PencilLine, Power, Trash2 } from "lucide-react";
import type { ReactElement } from "react";
import type { GraphNode, NodeInfo } from "@/api/types";
import { ContextMenuArea, Menu, type MenuItem } from "@/components/ui/Menu";
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
