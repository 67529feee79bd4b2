import { Command as Cmdk } from "cmdk";
import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/shared/lib/cn";
import { Kbd } from "./Kbd";

interface PaletteDialogProps {
  label: string;
  placeholder: string;
  /** Shown where there is no match. */
  empty: string;
  search: string;
  onSearch: (search: string) => void;
  onClose: () => void;
  children: ReactNode;
}

/** A list over the page that is searched while one types; Enter takes the first. */
export function PaletteDialog({
  label,
  placeholder,
  empty,
  search,
  onSearch,
  onClose,
  children,
}: PaletteDialogProps) {
  return (
    <Cmdk.Dialog
      open
      onOpenChange={onClose}
      label={label}
      loop
      overlayClassName="fixed inset-0 z-40 bg-black/40"
      contentClassName="fixed top-[14vh] left-1/2 z-50 w-[min(560px,calc(100vw-32px))] -translate-x-1/2 animate-pop overflow-hidden rounded-lg border bg-panel shadow-pop"
    >
      <div className="flex h-11 items-center gap-2 border-b px-3">
        <Search aria-hidden className="size-4 text-muted" />
        <Cmdk.Input
          value={search}
          onValueChange={onSearch}
          placeholder={placeholder}
          className="h-full grow bg-transparent text-lg outline-none placeholder:text-muted"
        />
        <Kbd keys="escape" />
      </div>
      <Cmdk.List className="max-h-[50vh] overflow-y-auto p-1.5">
        <Cmdk.Empty className="py-6 text-center text-muted">{empty}</Cmdk.Empty>
        {children}
      </Cmdk.List>
    </Cmdk.Dialog>
  );
}

export function PaletteGroup({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Cmdk.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:text-xs"
    >
      {children}
    </Cmdk.Group>
  );
}

interface PaletteItemProps {
  /** Distinguishes it from all others; searched too. */
  value: string;
  keywords?: string[];
  icon?: ReactNode;
  /** Its colour. */
  tint?: string | undefined;
  keys?: string | undefined;
  /** Shown at its end, where it has no keys. */
  detail?: string | undefined;
  /** Why it is not possible now. It can still be selected: cmdk loses its position where nothing can. */
  reason?: string | null;
  onSelect: () => void;
  children: ReactNode;
}

export function PaletteItem({
  value,
  keywords,
  icon,
  tint,
  keys,
  detail,
  reason = null,
  onSelect,
  children,
}: PaletteItemProps) {
  return (
    <Cmdk.Item
      value={value}
      {...(keywords && { keywords })}
      onSelect={onSelect}
      className="flex min-h-8 select-none items-center gap-2 rounded-md px-2 py-1 data-[selected=true]:bg-raised [&_svg]:size-4 [&_svg]:shrink-0"
    >
      <span aria-hidden className="text-muted" style={{ color: tint }}>
        {icon}
      </span>
      <span className={cn("min-w-0 grow truncate", reason !== null && "text-muted")}>
        {children}
        {reason !== null && <span className="block truncate text-xs">{reason}</span>}
      </span>
      {keys ? <Kbd keys={keys} /> : <span className="shrink-0 text-muted text-xs">{detail}</span>}
    </Cmdk.Item>
  );
}
