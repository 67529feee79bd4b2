import { ContextMenu, DropdownMenu } from "radix-ui";
import {
  Fragment,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useRef,
  useState,
} from "react";
import { cn } from "@/shared/lib/cn";
import { Kbd } from "./Kbd";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  icon?: ReactNode;
  keys?: string | undefined;
  danger?: boolean;
  disabled?: boolean;
  /** Why it is disabled, as a sentence. */
  reason?: string | undefined;
  /** Draws a line above. */
  separated?: boolean;
}

interface MenuProps {
  /** A function is asked when the menu opens. */
  items: MenuItem[] | (() => MenuItem[]);
  children: ReactElement;
  align?: "start" | "center" | "end";
}

const CONTENT = "z-50 min-w-44 animate-pop rounded-lg border bg-panel p-1 shadow-pop";
const ITEM =
  "flex min-h-7 select-none items-center gap-2 rounded-md px-2 py-0.5 text-base outline-none data-[highlighted]:bg-raised data-[disabled]:text-muted data-[disabled]:[&_kbd]:opacity-50 data-[disabled]:[&_svg]:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted";

/** Letters find an item, and keys that are commands elsewhere would change the menu's subject. */
const keepKeys = (event: KeyboardEvent): void => event.stopPropagation();

type Kind = typeof DropdownMenu | typeof ContextMenu;

interface ItemsProps extends Pick<MenuProps, "items"> {
  kind: Kind;
  onChoose: (act: () => void) => void;
}

function Items({ items, kind, onChoose }: ItemsProps) {
  const list = typeof items === "function" ? items() : items;
  return list.map((item) => (
    <Fragment key={item.label}>
      {item.separated && <kind.Separator className="-mx-1 my-1 border-t" />}
      <kind.Item
        className={cn(ITEM, item.danger && "text-danger [&_svg]:text-danger")}
        disabled={item.disabled ?? false}
        onSelect={() => onChoose(item.onSelect)}
      >
        {item.icon}
        <span className="grow">
          {item.label}
          {item.disabled && item.reason && (
            <span className="block max-w-56 text-muted text-xs">{item.reason}</span>
          )}
        </span>
        {item.keys && <Kbd keys={item.keys} />}
      </kind.Item>
    </Fragment>
  ));
}

/** Runs the selected item after the menu has returned the focus, so that what it opens can take it. */
function useChoice() {
  const selected = useRef<(() => void) | null>(null);
  const choose = (act: () => void): void => {
    selected.current = act;
  };
  const onCloseAutoFocus = (): void => {
    const act = selected.current;
    selected.current = null;
    // Once the event is over, which moves the focus.
    if (act) queueMicrotask(act);
  };
  return { choose, onCloseAutoFocus };
}

/** A menu that opens from the button given as its child. */
export function Menu({ items, children, align = "start" }: MenuProps) {
  const { choose, onCloseAutoFocus } = useChoice();
  const [open, setOpen] = useState(false);
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen}>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      {open && (
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            align={align}
            sideOffset={4}
            collisionPadding={8}
            className={CONTENT}
            onKeyDown={keepKeys}
            onCloseAutoFocus={onCloseAutoFocus}
          >
            <Items items={items} kind={DropdownMenu} onChoose={choose} />
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      )}
    </DropdownMenu.Root>
  );
}

interface ContextMenuAreaProps {
  /** The items for what was clicked, computed each time; null leaves the click to the browser. */
  itemsFor: (event: MouseEvent) => MenuItem[] | null;
  children: ReactElement;
}

/** The same menu on a right click, or the menu key, anywhere in its child. */
export function ContextMenuArea({ itemsFor, children }: ContextMenuAreaProps) {
  const [items, setItems] = useState<MenuItem[]>([]);
  const { choose, onCloseAutoFocus } = useChoice();
  const ask = (event: MouseEvent): void => {
    const found = itemsFor(event);
    if (found) setItems(found);
    else event.stopPropagation();
  };
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger
        asChild
        onContextMenuCapture={ask}
        // A long press opens the menu without that event.
        onPointerDownCapture={(event: PointerEvent) => event.pointerType === "touch" && ask(event)}
      >
        {children}
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content
          collisionPadding={8}
          className={CONTENT}
          onKeyDown={keepKeys}
          onCloseAutoFocus={onCloseAutoFocus}
        >
          <Items items={items} kind={ContextMenu} onChoose={choose} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}
