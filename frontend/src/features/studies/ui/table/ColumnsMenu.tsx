import { Check, Columns3 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { Column } from "@/features/studies/model/studyTable";
import { chooseColumn } from "@/features/studies/store/studies";
import { Button } from "@/shared/ui/Button";

/** Which columns the table has; the menu stays open while they are selected. */
export function ColumnsMenu({ columns, shown }: { columns: Column[]; shown: ReadonlySet<string> }) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <Button size="sm">
          <Columns3 aria-hidden className="size-3.5" /> Columns
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-52 animate-pop overflow-y-auto rounded-lg border bg-panel p-1 shadow-pop"
          // Letters find an item, and are commands on the canvas.
          onKeyDown={(event) => event.stopPropagation()}
        >
          {columns.map(({ key, title }) => (
            <DropdownMenu.CheckboxItem
              key={key}
              checked={shown.has(key)}
              onCheckedChange={(on) => chooseColumn(key, on)}
              onSelect={(event) => event.preventDefault()}
              className="flex min-h-7 select-none items-center gap-2 rounded-md py-0.5 pr-2 pl-1.5 text-base outline-none data-[highlighted]:bg-raised"
            >
              <span className="w-4 shrink-0">
                <DropdownMenu.ItemIndicator>
                  <Check aria-hidden className="size-3.5 text-accent" />
                </DropdownMenu.ItemIndicator>
              </span>
              {title}
            </DropdownMenu.CheckboxItem>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
