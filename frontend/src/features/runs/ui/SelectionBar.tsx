import { GitCompareArrows, Star, StarOff, Tag, Trash2 } from "lucide-react";
import { chooseAll, describeRuns } from "@/features/runs/store/runList";
import { formatInt } from "@/shared/lib/format";
import { selectRuns } from "@/shared/store/ui";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";

const MOST_COMPARED = 20;

interface SelectionBarProps {
  ids: string[];
  /** How many runs the list has in all. */
  total: number;
  onTag: () => void;
  onDelete: () => void;
  onCompare: () => void;
}

/** Actions on the selected runs. */
export function SelectionBar({ ids, total, onTag, onDelete, onCompare }: SelectionBarProps) {
  const why =
    ids.length < 2
      ? "Select another run to compare"
      : ids.length > MOST_COMPARED
        ? `At most ${MOST_COMPARED} runs can be compared`
        : undefined;
  return (
    <section
      aria-label="Selected runs"
      className="flex shrink-0 items-center gap-2 border-b bg-accent-soft px-3 py-1"
    >
      <span role="status" className="text-sm tabular-nums">
        {formatInt(ids.length)} selected
      </span>
      {ids.length !== total && (
        <Button size="sm" variant="ghost" onClick={() => void chooseAll()}>
          Select all {formatInt(total)}
        </Button>
      )}
      <Button size="sm" variant="ghost" onClick={() => selectRuns([])}>
        Clear selection
      </Button>
      <span className="grow" />
      {why && <span className="truncate text-muted text-sm">{why}</span>}
      <IconButton size="sm" label="Star" onClick={() => void describeRuns(ids, { starred: true })}>
        <Star />
      </IconButton>
      <IconButton size="sm" label="Unstar" onClick={() => void describeRuns(ids, { starred: false })}>
        <StarOff />
      </IconButton>
      <Button size="sm" onClick={onTag}>
        <Tag aria-hidden className="size-3.5" /> Tags…
      </Button>
      <Button size="sm" onClick={onDelete}>
        <Trash2 aria-hidden className="size-3.5" /> Delete…
      </Button>
      <Button size="sm" variant="primary" disabled={why !== undefined} onClick={onCompare}>
        <GitCompareArrows aria-hidden className="size-3.5" /> Compare
      </Button>
    </section>
  );
}
