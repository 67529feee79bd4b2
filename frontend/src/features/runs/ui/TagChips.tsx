import { showRunsOf } from "@/features/runs/store/runList";

interface TagChipsProps {
  tags: string[];
  /** How many are shown; the others are counted. */
  most: number;
}

/** Tags as chips; a click lists the runs with that tag. */
export function TagChips({ tags, most }: TagChipsProps) {
  const shown = tags.slice(0, most);
  const others = tags.slice(most);
  return (
    <>
      {shown.map((tag) => (
        <button
          key={tag}
          type="button"
          title={tag}
          aria-label={`Runs tagged ${tag}`}
          onClick={() => showRunsOf({ tag })}
          className="group flex h-6 min-w-12 max-w-28 items-center"
        >
          <span className="truncate rounded-full bg-raised px-1.5 text-muted text-xs leading-4.5 ring-1 ring-line group-hover:bg-accent-soft group-hover:text-text">
            {tag}
          </span>
        </button>
      ))}
      {others.length > 0 && (
        <span title={others.join(", ")} className="shrink-0 text-muted text-xs">
          +{others.length}
        </span>
      )}
    </>
  );
}
