import { ChevronRight, CornerLeftUp } from "lucide-react";
import { Fragment } from "react";
import { command } from "@/features/commands/store/commands";
import { findNode, nodeLabel } from "@/features/graph/model/document";
import { openBlock, type Path, scopeOf, usesOf } from "@/features/graph/model/scope";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { closeBlock } from "@/features/graph/store/scope";
import { cn } from "@/shared/lib/cn";
import { IconButton } from "@/shared/ui/IconButton";

/** The path to the open block; each step leads back. Hidden for the graph itself. */
export function Breadcrumb() {
  const path = useGraph((state) => state.path);
  const graph = useGraph((state) => state.graph);
  const open = useGraph((state) => openBlock(openScope(state)));
  if (!open) return null;
  const close = command("closeBlock");
  const uses = usesOf(graph, open.id);
  return (
    <nav aria-label="Open block" className="flex h-9 shrink-0 items-center gap-1 border-b bg-panel px-1.5">
      <IconButton size="sm" label={close.title} keys={close.keys} side="bottom" onClick={() => close.run()}>
        <CornerLeftUp />
      </IconButton>
      <ol className="flex min-w-0 grow items-center">
        {["", ...path].map((_step, depth) => {
          const here = path.slice(0, depth);
          const last = depth === path.length;
          return (
            <Fragment key={JSON.stringify(here)}>
              {depth > 0 && <ChevronRight aria-hidden className="size-3.5 shrink-0 text-muted" />}
              <li className="min-w-0">
                <button
                  type="button"
                  aria-current={last ? "page" : undefined}
                  disabled={last}
                  onClick={() => closeBlock(depth)}
                  className={cn(
                    "h-6 max-w-48 truncate rounded-md px-1.5",
                    last ? "font-semibold text-text" : "text-muted hover:bg-raised hover:text-text",
                  )}
                >
                  {depth === 0 ? graph.name : stepLabel(path, depth)}
                </button>
              </li>
            </Fragment>
          );
        })}
      </ol>
      <span className="shrink-0 truncate pr-1.5 text-muted text-sm max-[1000px]:hidden">
        {uses > 1 ? `Edits change all ${uses} nodes of this block` : ""}
      </span>
    </nav>
  );

  function stepLabel(steps: Path, depth: number): string {
    const id = steps[depth - 1] ?? "";
    const node = findNode(scopeOf(graph, steps.slice(0, depth - 1)), id);
    return node ? nodeLabel(node) : id;
  }
}
