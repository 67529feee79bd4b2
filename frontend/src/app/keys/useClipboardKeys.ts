import { useEffect } from "react";
import { pasteText, takeCopy } from "@/features/graph/store/clipboard";
import { deleteSelection } from "@/features/graph/store/editing";
import { useUi } from "@/shared/store/ui";

/** Copies, cuts and pastes nodes by the browser's own events: they need no permission. Text stays the browser's. */
export function useClipboardKeys(): void {
  useEffect(() => {
    // The event of a paste does not say which keys asked for it.
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

/** Whether it is about text in a field, or the canvas lies behind a dialog or a menu. */
function isText({ target }: ClipboardEvent): boolean {
  const field =
    target instanceof Element && target.closest("input, textarea, select, [contenteditable], [role=menu]");
  return Boolean(field) || useUi.getState().dialog !== null;
}
