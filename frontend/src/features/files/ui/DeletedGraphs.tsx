import { ChevronRight, Undo2 } from "lucide-react";
import { useState } from "react";
import { bringBack } from "@/features/files/store/graphList";
import { useDeletedGraphs } from "@/features/files/store/useGraphs";
import { cn } from "@/shared/lib/cn";
import { formatAgo } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";

/** Deleted graphs that can still be restored; nothing if there are none. */
export function DeletedGraphs({ refresh }: { refresh: () => unknown }) {
  const [open, setOpen] = useState(false);
  const graphs = useDeletedGraphs();
  if (graphs.length === 0) return null;
  return (
    <div className="flex max-h-1/2 shrink-0 flex-col border-t">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex h-8 shrink-0 items-center gap-1 px-2 text-left text-muted text-sm hover:text-text"
      >
        <ChevronRight
          aria-hidden
          className={cn("size-3.5 transition-transform duration-100", open && "rotate-90")}
        />
        Deleted ({graphs.length})
      </button>
      {open && (
        <ul aria-label="Deleted graphs" className="min-h-0 overflow-y-auto px-2 pb-2">
          {graphs.map((graph) => (
            <li key={graph.id} className="flex items-center gap-2 py-0.5 pl-2">
              <span className="min-w-0 grow">
                <span className="block truncate">{graph.name}</span>
                <span className="block text-muted text-xs">{formatAgo(graph.deleted ?? 0)}</span>
              </span>
              <Button
                size="sm"
                aria-label={`Restore ${graph.name}`}
                onClick={() => void bringBack(graph.id, false).then(refresh)}
              >
                <Undo2 aria-hidden className="size-3.5" /> Restore
              </Button>
            </li>
          ))}
          <li className="px-2 pt-1 text-muted text-xs">Kept for 30 days after the deletion.</li>
        </ul>
      )}
    </div>
  );
}
