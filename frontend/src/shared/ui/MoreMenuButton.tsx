import { Ellipsis } from "lucide-react";
import { cn } from "@/shared/lib/cn";
import { IconButton } from "./IconButton";
import { Menu, type MenuItem } from "./Menu";

/** Hidden until the row, marked as a group, is pointed at or has the focus. */
const ON_HOVER =
  "opacity-0 focus-visible:opacity-100 group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100";

interface MoreMenuButtonProps {
  /** Its accessible name, such as "More for fc1". */
  label: string;
  /** A function is called when the menu opens. */
  items: MenuItem[] | (() => MenuItem[]);
  tone?: "panel" | "row";
  onHover?: boolean;
  tabIndex?: number;
  className?: string;
}

/** The "…" button and the menu that it opens. */
export function MoreMenuButton({
  label,
  items,
  tone = "row",
  onHover = false,
  tabIndex,
  className,
}: MoreMenuButtonProps) {
  return (
    <Menu align="end" items={items}>
      <IconButton
        size="sm"
        label={label}
        tip={null}
        tone={tone}
        tabIndex={tabIndex}
        className={cn(onHover && ON_HOVER, className)}
      >
        <Ellipsis />
      </IconButton>
    </Menu>
  );
}
