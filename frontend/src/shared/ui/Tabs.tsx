import { Tabs as Radix } from "radix-ui";
import { type ReactNode, Suspense } from "react";
import { cn } from "@/shared/lib/cn";

export interface TabItem<Value extends string> {
  value: Value;
  label: string;
  /** A count, or another small mark after the label. */
  mark?: ReactNode;
}

interface TabsProps<Value extends string> {
  value: Value;
  onChange: (value: Value) => void;
  items: TabItem<Value>[];
  label: string;
  children: ReactNode;
  /** Content at the end of the row of tabs. */
  actions?: ReactNode;
  /** Called on each click of a tab, also of the one that is open. */
  onTabClick?: ((value: Value) => void) | undefined;
  className?: string;
}

export function Tabs<Value extends string>(props: TabsProps<Value>) {
  const { value, onChange, items, label, children, actions, onTabClick, className } = props;
  return (
    <Radix.Root
      value={value}
      onValueChange={(next) => onChange(next as Value)}
      className={cn("flex h-full min-h-0 flex-col", className)}
    >
      <div className="flex h-9 shrink-0 items-center gap-1 border-b px-1.5">
        <Radix.List
          aria-label={label}
          className="flex h-full min-w-0 items-stretch overflow-x-auto overflow-y-hidden [scrollbar-width:none]"
        >
          {items.map((item) => (
            <Radix.Trigger
              key={item.value}
              value={item.value}
              onClick={() => onTabClick?.(item.value)}
              className="relative flex select-none items-center gap-1.5 px-1.5 text-muted hover:text-text data-[state=active]:font-medium data-[state=active]:text-text data-[state=active]:after:absolute data-[state=active]:after:inset-x-1.5 data-[state=active]:after:bottom-0 data-[state=active]:after:h-0.5 data-[state=active]:after:rounded-full data-[state=active]:after:bg-accent"
            >
              {item.label}
              {item.mark}
            </Radix.Trigger>
          ))}
        </Radix.List>
        <div className="ml-auto flex shrink-0 items-center gap-1">{actions}</div>
      </div>
      {children}
    </Radix.Root>
  );
}

/** The content of a tab; its code may still be loading. */
export function TabPanel({ value, children }: { value: string; children: ReactNode }) {
  return (
    <Radix.Content value={value} tabIndex={-1} className="flex min-h-0 grow flex-col outline-none">
      <Suspense fallback={null}>{children}</Suspense>
    </Radix.Content>
  );
}
