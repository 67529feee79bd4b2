import { ChevronDown, ChevronUp, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo } from "react";
import { findNodes } from "@/features/canvas/model/find";
import { closeFind, foundHere, lookFor, showFound, useFind } from "@/features/canvas/store/find";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { formatInt } from "@/shared/lib/format";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { IconButton } from "@/shared/ui/IconButton";

/** Find nodes by name, type and parameters; Enter shows the next one. */
export function FindBar() {
  const { query, at } = useFind();
  const graph = useGraph((state) => state.graph);
  const path = useGraph((state) => state.path);
  const types = useCatalogue((state) => state.types);
  const found = useMemo(() => findNodes(graph, types, query), [graph, types, query]);
  useEffect(() => {
    useViewState.setState({ found: foundHere(found, path) });
    return () => useViewState.setState({ found: new Set() });
  }, [found, path]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") showFound(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** Close the bar and move the focus to the found node. */
  const close = (): void => {
    const [id] = useViewState.getState().nodes;
    closeFind();
    if (id !== undefined)
      document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus();
  };
  return (
    <search
      aria-label="Find in graph"
      onKeyDown={onKeyDown}
      className="absolute top-2 right-2 z-20 flex w-80 items-center gap-1 rounded-lg border bg-panel p-1 shadow-pop"
    >
      <div className="grow">
        <SearchField autoFocus label="Name, type or parameter" value={query} onChange={lookFor} />
      </div>
      <span role="status" className="min-w-16 text-center text-muted text-sm tabular-nums">
        {query.trim() === "" ? "" : resultText(found.length, at)}
      </span>
      <IconButton size="sm" label="Previous" keys="shift+enter" onClick={() => showFound(-1)}>
        <ChevronUp />
      </IconButton>
      <IconButton size="sm" label="Next" keys="enter" onClick={() => showFound(1)}>
        <ChevronDown />
      </IconButton>
      <IconButton size="sm" label="Close" keys="escape" onClick={close}>
        <X />
      </IconButton>
    </search>
  );
}

function resultText(count: number, at: number): string {
  if (count === 0) return "None";
  return at < 0 ? `${formatInt(count)} found` : `${formatInt(at + 1)} of ${formatInt(count)}`;
}
