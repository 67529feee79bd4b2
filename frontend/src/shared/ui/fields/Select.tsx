import { Check, ChevronDown } from "lucide-react";
import { Select as Radix } from "radix-ui";
import { cn } from "@/shared/lib/cn";
import { SearchSelect } from "./SearchSelect";
import { type Option, SELECT_TRIGGER, type SelectProps } from "./selectParts";

export type { Option };

/** Above this number of options the list has a search field. */
const FEW = 8;

/** A select; a long list can be searched. */
export function Select(props: SelectProps) {
  return props.options.length > FEW ? <SearchSelect {...props} /> : <PlainSelect {...props} />;
}

function PlainSelect({
  value,
  onChange,
  options,
  placeholder,
  label,
  id,
  invalid,
  describedBy,
  className,
}: SelectProps) {
  return (
    <Radix.Root value={value} onValueChange={onChange}>
      <Radix.Trigger
        id={id}
        aria-label={label}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        className={cn(SELECT_TRIGGER, className)}
      >
        <span className="truncate">
          <Radix.Value placeholder={placeholder} />
        </span>
        <ChevronDown aria-hidden className="size-3.5 shrink-0 text-muted" />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-72 min-w-(--radix-select-trigger-width) animate-pop overflow-hidden rounded-lg border bg-panel p-1 shadow-pop"
        >
          <Radix.Viewport>
            {options.map((option) => (
              <Radix.Item
                key={option.value}
                value={option.value}
                className="flex min-h-7 select-none items-center gap-2 rounded-md py-0.5 pr-2 pl-1.5 outline-none data-[highlighted]:bg-raised"
              >
                <span className="w-4 shrink-0">
                  <Radix.ItemIndicator>
                    <Check className="size-3.5 text-accent" />
                  </Radix.ItemIndicator>
                </span>
                <Radix.ItemText>{option.label}</Radix.ItemText>
                {option.detail && <span className="ml-auto pl-3 text-muted text-xs">{option.detail}</span>}
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
