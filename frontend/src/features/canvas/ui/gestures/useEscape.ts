import { useStoreApi } from "@xyflow/react";
import { useEffect } from "react";
import { clearSelection, openQuickAdd, select, useViewState } from "@/features/graph/store/viewState";
import { useUi } from "@/shared/store/ui";
import { giveUp } from "./gesture";

/** What uses the key for itself while it has the focus. */
const OWNERS = "input, textarea, select, [contenteditable], [role=menu], [role=dialog], [role=listbox]";

/** Esc, or another button, gives up a gesture; Esc also closes quick-add, and then selects nothing. */
export function useEscape(): void {
  const flow = useStoreApi();
  useEffect(() => {
    let before = useViewState.getState();
    const onPointerDown = (): void => {
      before = useViewState.getState();
    };
    /** Ends a rectangle that is being drawn: selected is what was selected before. */
    const giveUpRectangle = (): boolean => {
      if (!flow.getState().userSelectionRect) return false;
      flow.setState({ userSelectionActive: false, userSelectionRect: null });
      select(before.nodes, before.edges);
      return true;
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.isComposing) return;
      // React Flow would select a focused card again that was selected no more.
      if (giveUp() || giveUpRectangle() || step(event.target)) event.stopPropagation();
    };
    const onMouseDown = ({ button }: MouseEvent): void => {
      if (button !== 0) giveUp();
    };
    const controller = new AbortController();
    const options = { signal: controller.signal, capture: true };
    // Before a tooltip that opens later takes the key, and behind a drag elsewhere, which hears it at the window.
    document.addEventListener("keydown", onKeyDown, options);
    document.addEventListener("pointerdown", onPointerDown, options);
    document.addEventListener("mousedown", onMouseDown, options);
    return () => controller.abort();
  }, [flow]);
}

/** Closes the next thing, outermost first; false where there is none. */
function step(target: EventTarget | null): boolean {
  const { quickAdd, nodes, edges } = useViewState.getState();
  if (quickAdd) openQuickAdd(null);
  else if (useUi.getState().dialog !== null || (target as Element).closest?.(OWNERS)) return false;
  else if (nodes.size + edges.size > 0) clearSelection();
  else return false;
  return true;
}
