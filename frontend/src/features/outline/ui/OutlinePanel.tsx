import { ListTree } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, useMemo, useRef, useState } from "react";
import { command, perform } from "@/features/commands/store/commands";
import { nodeItems, wireItems } from "@/features/commands/ui/menuItems";
import { edgeId, remove } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { edit, openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode, select, useViewState } from "@/features/graph/store/viewState";
import { type OutlineRow, outlineRows } from "@/features/outline/model/outline";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ContextMenuArea } from "@/shared/ui/Menu";
import { OutlineItem } from "./OutlineItem";

/** The graph as a tree of nodes and wires, with the same edits as the canvas. */
export function OutlinePanel() {
  const graph = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string | null>(null);
  const [renaming, setRenaming] = useState<string | null>(null);
  const tree = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => outlineRows(graph, types, toggled), [graph, types, toggled]);
  const selected = useViewState((state) => state.nodes);
  const at = Math.max(
    0,
    rows.findIndex((row) => row.id === current),
  );

  if (rows.length === 0) {
    return (
      <EmptyState icon={<ListTree />} title="Nothing to list">
        The graph has no nodes yet. Add one with Shift A.
      </EmptyState>
    );
  }

  const go = (row: OutlineRow | undefined): void => {
    if (!row) return;
    setCurrent(row.id);
    selectRow(row);
    tree.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(row.id)}"]`)?.focus();
  };
  const toggle = (row: OutlineRow): void =>
    setToggled((before) => {
      const next = new Set(before);
      if (!next.delete(row.id)) next.add(row.id);
      return next;
    });
  const endRename = (): void => {
    setRenaming(null);
    queueMicrotask(() => go(rows[at]));
  };

  /** Handle the navigation keys of a tree; returns whether the key was one. */
  const handleNavigationKey = (key: string, row: OutlineRow): boolean => {
    const isOpen = row.kind !== "wire" && row.open;
    const parent = rows.slice(0, at).findLast(({ level }) => level < row.level);
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(rows[at + 1]),
      ArrowUp: () => go(rows[at - 1]),
      Home: () => go(rows[0]),
      End: () => go(rows.at(-1)),
      ArrowRight: () => (row.kind === "wire" ? undefined : isOpen ? go(rows[at + 1]) : toggle(row)),
      ArrowLeft: () => (isOpen ? toggle(row) : go(parent)),
    };
    keys[key]?.();
    return key in keys;
  };
  const handleEditKey = (key: string, row: OutlineRow): boolean => {
    if (key === "Enter") openRow(row, toggle);
    else if (key === "F2" && row.kind === "node") setRenaming(row.node.id);
    else if (key === "Delete" || key === "Backspace") {
      // The next row gets the focus.
      const next = rows.slice(at + 1).find(({ level }) => level <= row.level) ?? rows[at - 1];
      deleteRow(row);
      queueMicrotask(() => go(next));
    } else if (key.toLowerCase() === "c" && row.kind === "wire" && !row.edge) connect(row.node);
    else return false;
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[at];
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!row || !plain || (event.target as Element).matches("input")) return;
    if (!handleNavigationKey(event.key, row) && !handleEditKey(event.key, row)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ContextMenuArea itemsFor={itemsFor}>
      <div
        ref={tree}
        role="tree"
        aria-label="Outline of the graph"
        aria-multiselectable
        onKeyDown={onKeyDown}
        onFocus={({ target }) => setCurrent(target.closest<HTMLElement>("[data-row]")?.dataset.row ?? null)}
        className="h-full overflow-y-auto px-1.5 py-1.5"
      >
        {rows.map((row, index) => (
          <OutlineItem
            key={row.id}
            row={row}
            selected={row.kind === "node" && selected.has(row.node.id)}
            current={index === at}
            renaming={row.kind === "node" && row.node.id === renaming}
            onRenamed={endRename}
            onToggle={() => toggle(row)}
            onChoose={() => go(row)}
            onOpen={() => openRow(row, toggle)}
          />
        ))}
      </div>
    </ContextMenuArea>
  );
}

function selectRow(row: OutlineRow): void {
  if (row.kind === "node") select([row.node.id]);
  if (row.kind === "wire") select([row.node], row.edge ? [edgeId(row.edge)] : []);
}

/** Show a row on the canvas, or fold a frame: on Enter and double click. */
function openRow(row: OutlineRow, toggle: (row: OutlineRow) => void): void {
  if (row.kind === "frame") toggle(row);
  else if (row.kind === "node") focusNode(row.node.id);
  else if (row.other) focusNode(row.other);
  else connect(row.node);
}

function connect(node: string): void {
  select([node]);
  perform(command("connect"));
}

function deleteRow(row: OutlineRow): void {
  if (row.kind === "node") edit((graph) => remove(graph, new Set([row.node.id]), new Set()));
  const wire = row.kind === "wire" && row.edge;
  if (wire) edit((graph) => remove(graph, new Set(), new Set([edgeId(wire)])));
}

function itemsFor({ target, clientX, clientY }: MouseEvent) {
  const data = (target as Element).closest<HTMLElement>("[data-row]")?.dataset;
  if (data?.wire) return wireItems(data.wire, { x: clientX, y: clientY });
  return data?.node === undefined ? null : nodeItems(data.node);
}
