import type { ReactElement } from "react";
import { Menu } from "@/shared/ui/Menu";
import { nodeItems } from "./menus";

/** What can be done with a node; with the others that are selected, where it is one of them. */
export function NodeMenu({ id, children }: { id: string; children: ReactElement }) {
  return (
    <Menu items={() => nodeItems(id)} align="end">
      {children}
    </Menu>
  );
}
