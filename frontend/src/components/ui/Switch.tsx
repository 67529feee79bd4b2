import { Switch as Radix } from "radix-ui";

interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  id?: string;
  label?: string;
  disabled?: boolean;
}

export function Switch({ checked, onChange, id, label, disabled }: SwitchProps) {
  return (
    <Radix.Root
      id={id}
      aria-label={label}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled ?? false}
      className="group inline-flex h-6 w-9 shrink-0 items-center rounded-full disabled:opacity-50"
    >
      <span className="flex h-[18px] w-8 items-center rounded-full bg-line-strong px-0.5 transition-colors duration-100 group-data-[state=checked]:bg-accent">
        <Radix.Thumb className="size-3.5 rounded-full bg-white shadow-sm transition-transform duration-100 data-[state=checked]:translate-x-3.5 dark:data-[state=checked]:bg-accent-text" />
      </span>
    </Radix.Root>
  );
}
