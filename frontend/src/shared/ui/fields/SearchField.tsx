import { Search } from "lucide-react";
import type { KeyboardEvent } from "react";
import { cn } from "@/shared/lib/cn";
import { INPUT } from "./TextField";

interface SearchFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  autoFocus?: boolean;
  /** The list that it filters while the field keeps the focus: its id, and that of the active option. */
  list?: { id: string; active: string | undefined };
}

export function SearchField({ label, value, onChange, onKeyDown, autoFocus, list }: SearchFieldProps) {
  return (
    <div className="relative">
      <Search aria-hidden className="pointer-events-none absolute top-1.5 left-2 size-4 text-muted" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        autoComplete="off"
        {...(list && {
          role: "combobox",
          "aria-expanded": true,
          "aria-controls": list.id,
          "aria-activedescendant": list.active,
        })}
        // biome-ignore lint/a11y/noAutofocus: only in a popover that was opened to be typed into
        autoFocus={autoFocus}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
        className={cn(INPUT, "pl-7 [&::-webkit-search-cancel-button]:hidden")}
      />
    </div>
  );
}
