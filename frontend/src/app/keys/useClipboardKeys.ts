import { useEffect } from "react";
import { pasteText, takeCopy } from "@/features/graph/store/clipboard";
import { deleteSelection } from "@/features/graph/store/editing";
import { useUi } from "@/shared/store/ui";

/** Copies, cuts and pastes nodes by the browser's own events: they need no permission. Text stays the browser's. */
export function useClipboardKeys(): void {
  useEffect(() => {
    // A paste event does not state which keys caused it.
    let shift = false;
    const onKeyDown = (event: KeyboardEvent): void => {
      shift = event.shiftKey;
    };
    const onCopy = (event: ClipboardEvent): void => {
      if (isText(event) || !document.getSelection()?.isCollapsed) return;
      const text = takeCopy();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
      if (event.type === "cut") deleteSelection();
    };
    const onPaste = (event: ClipboardEvent): void => {
      if (isText(event)) return;
      event.preventDefault();
      void pasteText(event.clipboardData?.getData("text/plain") ?? "", { keepInputs: shift });
    };
    const controller = new AbortController();
    const { signal } = controller;
    document.addEventListener("keydown", onKeyDown, { signal, capture: true });
    document.addEventListener("copy", onCopy, { signal });
    document.addEventListener("cut", onCopy, { signal });
    document.addEventListener("paste", onPaste, { signal });
    return () => controller.abort();
  }, []);
}

/** Whether the target is text in a field, or a dialog or menu covers the canvas. */
function isText({ target }: ClipboardEvent): boolean {
  const field =
    target instanceof Element && target.closest("input, textarea, select, [contenteditable], [role=menu]");
  return Boolean(field) || useUi.getState().dialog !== null;
}
