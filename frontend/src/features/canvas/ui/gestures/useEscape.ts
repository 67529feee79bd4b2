import { useStoreApi } from "@xyflow/react";
import { useEffect } from "react";
import { clearSelection, openQuickAdd, select, useViewState } from "@/features/graph/store/viewState";
import { useUi } from "@/shared/store/ui";
import { giveUp } from "./gesture";

/** Elements that use the key while they have the focus. */
const OWNERS = "input, textarea, select, [contenteditable], [role=menu], [role=dialog], [role=listbox]";

/** Cancel a gesture with Esc or another button; Esc also closes quick-add, and then clears the selection. */
export function useEscape(): void {
  const flow = useStoreApi();
  useEffect(() => {
    let before = useViewState.getState();
    const onPointerDown = (): void => {
      before = useViewState.getState();
    };
    /** Cancel a rectangle that is being drawn, and restore the selection before it. */
    const giveUpRectangle = (): boolean => {
      if (!flow.getState().userSelectionRect) return false;
      flow.setState({ userSelectionActive: false, userSelectionRect: null });
      select(before.nodes, before.edges);
      return true;
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.isComposing) return;
      // React Flow would select a focused card again that is no longer selected.
      if (giveUp() || giveUpRectangle() || step(event.target)) event.stopPropagation();
    };
    const onMouseDown = ({ button }: MouseEvent): void => {
      if (button !== 0) giveUp();
    };
    const controller = new AbortController();
    const options = { signal: controller.signal, capture: true };
    // Before a tooltip that opens later takes the key, and after a drag elsewhere, which listens on the
    // window.
    document.addEventListener("keydown", onKeyDown, options);
    document.addEventListener("pointerdown", onPointerDown, options);
    document.addEventListener("mousedown", onMouseDown, options);
    return () => controller.abort();
  }, [flow]);
}

/** Close the next thing, outermost first; returns false if there is none. */
function step(target: EventTarget | null): boolean {
  const { quickAdd, nodes, edges } = useViewState.getState();
  if (quickAdd) openQuickAdd(null);
  else if (useUi.getState().dialog !== null || (target as Element).closest?.(OWNERS)) return false;
  else if (nodes.size + edges.size > 0) clearSelection();
  else return false;
  return true;
}
