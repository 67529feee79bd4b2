import { type MouseEvent, type ReactElement, type RefObject, useEffect } from "react";
import { canvasItems, fetchMenus, nodeItems, noteItems, wireItems } from "@/features/commands/ui/menus";
import { noteOf } from "@/features/graph/model/annotations";
import { useViewState } from "@/features/graph/store/viewState";
import { ContextMenuArea, type MenuItem } from "@/shared/ui/Menu";

interface CanvasMenuProps {
  /** The canvas, which is the child. */
  root: RefObject<HTMLElement | null>;
  children: ReactElement;
}

/** The context menu of a node, several nodes, a wire, or the canvas itself. */
export function CanvasMenu({ root, children }: CanvasMenuProps) {
  useMenuKey(root);
  useEffect(() => void fetchMenus(), []);
  return <ContextMenuArea itemsFor={itemsFor}>{children}</ContextMenuArea>;
}

function itemsFor(event: MouseEvent): MenuItem[] | null {
  const { target, clientX, clientY, buttons } = event;
  if (buttons & 1) {
    // A right click during a gesture only cancels it.
    event.preventDefault();
    return null;
  }
  const element = target as Element;
  if (element.closest("input, textarea, [contenteditable]")) return null;
  const at = { x: clientX, y: clientY };
  const [first] = useViewState.getState().nodes;
  // After a rectangle selection, a sheet covers the selected nodes.
  const node = element.closest(".react-flow__nodesselection")
    ? first
    : element.closest<HTMLElement>(".react-flow__node-card")?.dataset.id;
  const note = element.closest<HTMLElement>(".react-flow__node-note")?.dataset.id;
  if (note !== undefined) return noteItems(noteOf(note) ?? "");
  if (node !== undefined) return nodeItems(node);
  const wire = element.closest<SVGElement>(".react-flow__edge")?.dataset.id;
  return wire === undefined ? canvasItems(at) : wireItems(wire, at);
}

/** Open the menu of the selection with the menu key, if nothing has the focus. */
function useMenuKey(root: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    // The event of the menu does not reveal that a key caused it, and its target is whatever is at a corner.
    let byKey = false;
    const onKeyDown = ({ key, shiftKey }: KeyboardEvent): void => {
      const asked = key === "ContextMenu" || (key === "F10" && shiftKey);
      byKey = asked && document.activeElement === document.body;
    };
    const onPointerDown = (): void => {
      byKey = false;
    };
    const onContextMenu = (event: Event): void => {
      if (!byKey || !root.current) return;
      byKey = false;
      event.preventDefault();
      event.stopPropagation();
      askForMenu(root.current);
    };
    const controller = new AbortController();
    const options = { signal: controller.signal, capture: true };
    window.addEventListener("keydown", onKeyDown, options);
    window.addEventListener("pointerdown", onPointerDown, options);
    window.addEventListener("contextmenu", onContextMenu, options);
    return () => controller.abort();
  }, [root]);
}

/** Open the menu like a right click on the first selected item, or on the canvas. */
function askForMenu(root: HTMLElement): void {
  const { nodes, edges } = useViewState.getState();
  const [id] = [...nodes, ...edges];
  const item = id === undefined ? null : root.querySelector(`[data-id="${CSS.escape(id)}"]`);
  const element = item ?? root.querySelector(".react-flow__pane");
  const { x, y, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
  const place = { clientX: x + width / 2, clientY: y + height / 2 };
  element?.dispatchEvent(
    new globalThis.MouseEvent("contextmenu", { bubbles: true, cancelable: true, ...place }),
  );
}
