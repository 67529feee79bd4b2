import { Switch as Radix } from "radix-ui";
import { cn } from "@/shared/lib/cn";

interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  id?: string;
  label?: string;
  disabled?: boolean;
  /** On for some and off for others: the next click switches all of them on. */
  mixed?: boolean;
}

export function Switch({ checked, onChange, id, label, disabled, mixed = false }: SwitchProps) {
  return (
    <Radix.Root
      id={id}
      aria-label={label}
      checked={checked && !mixed}
      onCheckedChange={onChange}
      disabled={disabled ?? false}
      className="group inline-flex h-6 w-9 shrink-0 items-center rounded-full disabled:opacity-50"
    >
      <span className="flex h-4.5 w-8 items-center rounded-full bg-line-strong px-0.5 transition-colors duration-100 group-data-[state=checked]:bg-accent">
        <Radix.Thumb
          className={cn(
            "size-3.5 rounded-full bg-white shadow-sm transition-transform duration-100 data-[state=checked]:translate-x-3.5 dark:data-[state=checked]:bg-accent-text",
            mixed && "h-1 w-3.5 translate-x-1.75 rounded-sm",
          )}
        />
      </span>
    </Radix.Root>
  );
}
