import { Plus, X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { readTags } from "@/features/runs/model/runs";
import type { Facet } from "@/shared/api/types";
import { Field } from "@/shared/ui/fields/Field";
import { INPUT } from "@/shared/ui/fields/TextField";
import { IconButton } from "@/shared/ui/IconButton";

const SUGGESTED = 8;

interface TagFieldProps {
  id: string;
  label: string;
  tags: string[];
  onChange: (tags: string[]) => void;
  /** Tags to select from, the most used first. */
  suggestions: Facet[];
  placeholder?: string;
}

/** Tags that are typed, one after another, or selected among the existing ones. */
export function TagField({ id, label, tags, onChange, suggestions, placeholder }: TagFieldProps) {
  const [text, setText] = useState("");
  const add = (typed: string): void => {
    onChange([...tags, ...readTags(typed, tags)]);
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.key === "Enter" || event.key === ",") && text.trim() && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      add(text);
    } else if (event.key === "Backspace" && text === "") onChange(tags.slice(0, -1));
  };
  const query = text.trim().toLowerCase();
  const fitting = suggestions.filter(
    ({ name }) => !tags.includes(name) && name.toLowerCase().includes(query),
  );
  return (
    <Field label={label} htmlFor={id}>
      {tags.length > 0 && (
        <ul aria-label={label} className="flex flex-wrap gap-1">
          {tags.map((tag) => (
            <li
              key={tag}
              className="flex h-6 max-w-full items-center rounded-full bg-accent-soft pl-2 text-sm"
            >
              <span className="truncate" title={tag}>
                {tag}
              </span>
              <IconButton
                size="sm"
                label={`Remove ${tag}`}
                tip={null}
                onClick={() => onChange(tags.filter((other) => other !== tag))}
              >
                <X aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        placeholder={placeholder ?? "Type a tag, then Enter"}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => add(text)}
        className={INPUT}
      />
      {fitting.length > 0 && (
        <ul aria-label={`Suggestions: ${label}`} className="flex flex-wrap gap-1">
          {fitting.slice(0, SUGGESTED).map(({ name }) => (
            <li key={name} className="max-w-full">
              <button
                type="button"
                aria-label={`Take ${name}`}
                // The field would add the typed text when it loses the focus.
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => add(name)}
                className="flex h-6 max-w-full items-center gap-1 rounded-full border border-dashed px-2 text-muted text-sm hover:bg-raised hover:text-text"
              >
                <Plus aria-hidden className="size-3 shrink-0" />
                <span className="truncate">{name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Field>
  );
}
