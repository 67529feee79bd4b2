import { ContextMenu, DropdownMenu } from "radix-ui";
import { Fragment, type ReactElement, type ReactNode } from "react";
import { cn } from "@/lib/cn";
import { Kbd } from "./Kbd";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  icon?: ReactNode;
  keys?: string | undefined;
  danger?: boolean;
  disabled?: boolean;
  /** Draws a line above. */
  separated?: boolean;
}

interface MenuProps {
  items: MenuItem[];
  children: ReactElement;
  align?: "start" | "center" | "end";
}

const CONTENT = "z-50 min-w-44 animate-pop rounded-lg border bg-panel p-1 shadow-pop";
const ITEM =
  "flex h-7 select-none items-center gap-2 rounded-md px-2 text-base outline-none data-[highlighted]:bg-raised data-[disabled]:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted";

type Kind = typeof DropdownMenu | typeof ContextMenu;

function Items({ items, kind }: { items: MenuItem[]; kind: Kind }) {
  return items.map((item) => (
    <Fragment key={item.label}>
      {item.separated && <kind.Separator className="-mx-1 my-1 border-t" />}
      <kind.Item
        className={cn(ITEM, item.danger && "text-danger [&_svg]:text-danger")}
        disabled={item.disabled ?? false}
        onSelect={item.onSelect}
      >
        {item.icon}
        <span className="grow">{item.label}</span>
        {item.keys && <Kbd keys={item.keys} />}
      </kind.Item>
    </Fragment>
  ));
}

/** A menu that opens from the button given as its child. */
export function Menu({ items, children, align = "start" }: MenuProps) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align={align} sideOffset={4} collisionPadding={8} className={CONTENT}>
          <Items items={items} kind={DropdownMenu} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The same menu on a right click, or the menu key, anywhere in its child. */
export function ContextMenuArea({ items, children }: Omit<MenuProps, "align">) {
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content collisionPadding={8} className={CONTENT}>
          <Items items={items} kind={ContextMenu} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}
