import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Network, SearchX } from "lucide-react";
import { useState } from "react";
import { openStarter } from "@/features/graph/store/documents";
import { listStarters } from "@/shared/api/starters";
import type { Starter } from "@/shared/api/types";
import { formatCount, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SearchField } from "@/shared/ui/fields/SearchField";

/** Networks to start from; a click creates a graph of one, with its data, and opens it. */
export function StartersDialog({ onClose }: { onClose: () => void }) {
  const [query, setQuery] = useState("");
  const [opening, setOpening] = useState<string | null>(null);
  const client = useQueryClient();
  const { data, isPending, error, refetch } = useQuery({
    queryKey: ["starters"],
    queryFn: ({ signal }) => listStarters(signal),
  });
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (data ?? []).filter((starter) => {
    const text = `${starter.name} ${starter.task} ${starter.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const open = async (id: string): Promise<void> => {
    setOpening(id);
    const opened = await openStarter(id);
    setOpening(null);
    if (!opened) return;
    void client.invalidateQueries({ queryKey: ["datasets"] });
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Start from a network"
      description="Each opens as a new graph, with its training data."
      size="large"
    >
      <div className="sticky -top-2 z-10 -mt-2 bg-panel pt-3 pb-3">
        <SearchField autoFocus label="Search starters" value={query} onChange={setQuery} />
      </div>
      <ul className="grid grid-cols-1 gap-2.5 pb-3 sm:grid-cols-2 lg:grid-cols-3">
        {found.map((starter) => (
          <Card
            key={starter.id}
            starter={starter}
            busy={opening === starter.id}
            disabled={opening !== null}
            onOpen={() => void open(starter.id)}
          />
        ))}
      </ul>
      {isPending && <p className="py-6 text-center text-muted">Loading…</p>}
      {error && (
        <EmptyState
          icon={<Network />}
          title="The starters are not available"
          action={<Button onClick={() => void refetch()}>Retry</Button>}
        >
          {error.message}
        </EmptyState>
      )}
      {data && found.length === 0 && (
        <EmptyState icon={<SearchX />} title="No starter found">
          Nothing matches “{query}”.
        </EmptyState>
      )}
    </Dialog>
  );
}

interface CardProps {
  starter: Starter;
  busy: boolean;
  disabled: boolean;
  onOpen: () => void;
}

function Card({ starter, busy, disabled, onOpen }: CardProps) {
  return (
    <li>
      <button
        type="button"
        disabled={disabled}
        onClick={onOpen}
        className="flex h-full w-full flex-col gap-1 rounded-lg border p-3 text-left hover:border-line-strong hover:bg-raised disabled:opacity-60"
      >
        <span className="font-semibold">{starter.name}</span>
        <span className="text-accent text-sm">{starter.task}</span>
        <span className="grow text-muted text-sm">{starter.description}</span>
        <span className="mt-1 text-muted text-xs tabular-nums">
          {busy
            ? "Opening…"
            : `${plural(starter.nodes, "node")} · ${formatCount(starter.parameters)} parameters`}
        </span>
      </button>
    </li>
  );
}
