import { Check, ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { type KeyboardEvent, useId, useState } from "react";
import { cn } from "@/shared/lib/cn";
import { type Option, SELECT_TRIGGER, type SelectProps } from "./selectParts";
import { INPUT } from "./TextField";

/** A select with many options: the list opens with a search field. */
export function SearchSelect(props: SelectProps) {
  const { value, onChange, options, placeholder, label, id, invalid, describedBy, className } = props;
  const [open, setOpen] = useState(false);
  const selected = options.find((option) => option.value === value);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        id={id}
        role="combobox"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={label}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        data-placeholder={selected ? undefined : ""}
        className={cn(SELECT_TRIGGER, className)}
      >
        <span className="truncate">{selected?.label ?? placeholder}</span>
        <ChevronDown aria-hidden className="size-3.5 shrink-0 text-muted" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          aria-label={label ?? "Choices"}
          align="start"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 flex max-h-72 w-(--radix-popover-trigger-width) min-w-52 animate-pop flex-col rounded-lg border bg-panel shadow-pop"
        >
          <Choices
            options={options}
            value={value}
            onChoose={(next) => {
              setOpen(false);
              onChange(next);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface ChoicesProps {
  options: readonly Option[];
  value: string;
  onChoose: (value: string) => void;
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

function Choices({ options, value, onChoose }: ChoicesProps) {
  const id = useId();
  const [query, setQuery] = useState("");
  const found = options.filter((option) => option.label.toLowerCase().includes(query.trim().toLowerCase()));
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      options.findIndex((option) => option.value === value),
    ),
  );
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    const option = found[active];
    if (step) {
      event.preventDefault();
      setActive((index) => Math.max(0, Math.min(found.length - 1, index + step)));
    } else if (event.key === "Enter" && option) {
      event.preventDefault();
      onChoose(option.value);
    }
  };
  return (
    <>
      <div className="p-1.5">
        <input
          type="search"
          role="combobox"
          aria-label="Search options"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={found[active] && `${id}-${active}`}
          placeholder="Search"
          autoComplete="off"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          className={cn(INPUT, "[&::-webkit-search-cancel-button]:hidden")}
        />
      </div>
      <div id={id} role="listbox" aria-label="Choices" className="min-h-0 overflow-y-auto px-1.5 pb-1.5">
        {found.map((option, index) => (
          <Choice
            key={option.value}
            id={`${id}-${index}`}
            option={option}
            selected={option.value === value}
            active={index === active}
            onPoint={() => setActive(index)}
            onChoose={() => onChoose(option.value)}
          />
        ))}
      </div>
      {found.length === 0 && <p className="px-3 pb-3 text-muted text-sm">No match.</p>}
    </>
  );
}

interface ChoiceProps {
  id: string;
  option: Option;
  selected: boolean;
  active: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

function Choice({ id, option, selected, active, onPoint, onChoose }: ChoiceProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the search field keeps the focus and has the keys
    <div
      id={id}
      role="option"
      aria-selected={selected}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "nearest" });
      }}
      onPointerMove={onPoint}
      onClick={onChoose}
      className={cn(
        "flex min-h-7 select-none items-center gap-2 rounded-md py-0.5 pr-2 pl-1.5",
        active && "bg-raised",
      )}
    >
      <Check aria-hidden className={cn("size-3.5 shrink-0 text-accent", !selected && "invisible")} />
      <span className="min-w-0 truncate">{option.label}</span>
      {option.detail && <span className="ml-auto shrink-0 pl-3 text-muted text-xs">{option.detail}</span>}
    </div>
  );
}
