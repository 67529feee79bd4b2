import { ChevronDown, ChevronsDownUp, ChevronsUpDown, FileWarning, RefreshCw, SearchX } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { byCategory, searchTypes } from "@/features/graph/model/catalogue";
import { loadCatalogue, useCatalogue } from "@/features/graph/store/catalogue";
import { addAtCentre } from "@/features/graph/store/editing";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { addableTypes } from "@/features/palette/model/addableNodes";
import { cn } from "@/shared/lib/cn";
import { ownValue } from "@/shared/lib/ownValue";
import { useServer } from "@/shared/store/server";
import { rememberCategories, useUi } from "@/shared/store/ui";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SearchField } from "@/shared/ui/fields/SearchField";
import { IconButton } from "@/shared/ui/IconButton";
import { BlockShelf, useBlockShelf } from "./BlockShelf";
import { PaletteItem } from "./PaletteItem";
import { UnavailableTypes, useUnavailable } from "./UnavailableTypes";

/** With more types than this, only the common categories are open at first. */
const MANY = 60;
const USUAL = new Set(["Blocks", "Data", "Layers", "Convolution", "Training"]);

const UNAVAILABLE = "Not available";

/** The node types that can be added, by category; a drag, a double click or Enter adds one. */
export function Palette() {
  const types = useCatalogue((state) => state.types);
  const status = useCatalogue((state) => state.status);
  const [query, setQuery] = useState("");
  const remembered = useUi((state) => state.categories);
  const list = useRef<HTMLDivElement>(null);

  const scope = useGraph(openScope);
  const found = searchTypes(addableTypes(scope, types), query);
  const unavailable = useUnavailable(query);
  const shelf = useBlockShelf(query);
  const groups = byCategory(found);
  const searching = query.trim() !== "";

  const many = Object.keys(types).length > MANY;
  const isOpen = (category: string): boolean =>
    ownValue(remembered, category) ?? (!many || USUAL.has(category));
  const toggle = (category: string): void => rememberCategories({ [category]: !isOpen(category) });
  const all = ["Blocks", ...groups.map((group) => group.category), UNAVAILABLE];
  const anyOpen = all.some(isOpen);
  const toggleAll = (): void => rememberCategories(Object.fromEntries(all.map((name) => [name, !anyOpen])));
  const blocks = shelf.blocks.length + shelf.own.length;
  const block = shelf.blocks[0];
  const onSearchKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && searching) {
      if (found[0]) addAtCentre(found[0]);
      else if (block) addAtCentre(block.info, block.params);
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      list.current?.querySelector<HTMLElement>("[data-item]")?.focus();
    }
  };

  // The user's blocks come first; without any, the category comes last.
  const shelfOfBlocks = shelf.known && (
    <Category title="Blocks" open={searching || isOpen("Blocks")} onToggle={() => toggle("Blocks")}>
      <BlockShelf blocks={shelf.blocks} own={shelf.own} />
    </Category>
  );
  return (
    <>
      <div className="flex items-center gap-1 p-2">
        <SearchField label="Search node types" value={query} onChange={setQuery} onKeyDown={onSearchKey} />
        <IconButton label={anyOpen ? "Fold all categories" : "Open all categories"} onClick={toggleAll}>
          {anyOpen ? <ChevronsDownUp /> : <ChevronsUpDown />}
        </IconButton>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys of the buttons inside bubble here */}
      <div
        ref={list}
        onKeyDown={moveFocus}
        role="presentation"
        className="min-h-0 grow overflow-y-auto px-2 pb-2"
      >
        {blocks > 0 && shelfOfBlocks}
        {groups.map((group) => (
          <Category
            key={group.category}
            title={group.category}
            count={group.types.length}
            open={searching || isOpen(group.category)}
            onToggle={() => toggle(group.category)}
          >
            <ul>
              {group.types.map((info) => (
                <PaletteItem key={info.type} info={info} />
              ))}
            </ul>
          </Category>
        ))}
        {blocks === 0 && !searching && shelfOfBlocks}
        {unavailable.length > 0 && (
          <Category
            title={UNAVAILABLE}
            count={unavailable.length}
            open={searching || isOpen(UNAVAILABLE)}
            onToggle={() => toggle(UNAVAILABLE)}
          >
            <UnavailableTypes nodes={unavailable} />
          </Category>
        )}
        {status === "failed" && <NoCatalogue />}
        {status === "ready" && found.length + blocks + unavailable.length === 0 && (
          <EmptyState icon={<SearchX />} title="No node type found">
            Nothing matches “{query}”. Try a part of its name, such as “norm”.
          </EmptyState>
        )}
      </div>
      <FileProblems />
    </>
  );
}

interface CategoryProps {
  title: string;
  /** The number of types in it. */
  count?: number;
  open: boolean;
  onToggle: () => void;
  children: ReactNode;
}

function Category({ title, count, open, onToggle, children }: CategoryProps) {
  return (
    <section className="mb-1">
      <h2>
        <button
          type="button"
          aria-expanded={open}
          onClick={onToggle}
          className="flex h-6 w-full items-center gap-1 rounded-md px-1 font-medium text-muted text-xs hover:text-text"
        >
          <ChevronDown
            aria-hidden
            className={cn("size-3.5 transition-transform duration-100", !open && "-rotate-90")}
          />
          {title}
          {count !== undefined && (
            <span aria-hidden className="ml-auto pr-1 font-normal tabular-nums">
              {count}
            </span>
          )}
        </button>
      </h2>
      {open && children}
    </section>
  );
}

/** Move between the items with the up and down keys, past the headings. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-item]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = items[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

function NoCatalogue() {
  const signedOut = useServer((state) => state.needsToken);
  return (
    <EmptyState
      title="No node types yet"
      action={
        <Button onClick={() => void loadCatalogue()}>
          <RefreshCw className="size-3.5" /> Retry
        </Button>
      }
    >
      {signedOut ? "They appear after signing in." : "The server does not answer."}
    </EmptyState>
  );
}

/** Custom node files that could not be used: file, line and reason. */
function FileProblems() {
  const diagnostics = useCatalogue((state) => state.diagnostics);
  if (diagnostics.length === 0) return null;
  return (
    <section aria-label="Node files with problems" className="max-h-40 shrink-0 overflow-y-auto border-t p-2">
      {diagnostics.map(({ file, line, message, hint }) => (
        <div key={`${file}:${line}:${message}`} className="flex gap-2 py-1 text-sm">
          <FileWarning aria-hidden className="mt-px size-4 shrink-0 text-warning" />
          <p className="min-w-0 break-words">
            <span className="font-mono text-xs">
              {file}
              {line !== null && `:${line}`}
            </span>
            <br />
            <span className="text-muted">
              {message} {hint}
            </span>
          </p>
        </div>
      ))}
    </section>
  );
}
