import { type DragEvent, useState } from "react";

export interface Landing {
  key: string;
  side: "before" | "after";
}

interface RowDrag {
  /** The edge at which the dragged row would land. */
  landing: Landing | null;
  /** For the body of the table; its rows have `data-row`, their grips `data-grip`. */
  handlers: {
    onDragStart: (event: DragEvent) => void;
    onDragOver: (event: DragEvent) => void;
    onDragLeave: (event: DragEvent) => void;
    onDrop: (event: DragEvent) => void;
    onDragEnd: () => void;
  };
}

/** Rows of a table that are dragged by their grips; calls `onDrop` with the target. */
export function useRowDrag(onLand: (key: string, landing: Landing) => void): RowDrag {
  const [dragged, setDragged] = useState<string | null>(null);
  const [landing, setLanding] = useState<Landing | null>(null);
  const end = (): void => {
    setDragged(null);
    setLanding(null);
  };
  const onDragStart = (event: DragEvent): void => {
    const row = (event.target as Element).closest("[data-grip]") && rowAt(event);
    if (!row) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.row ?? "");
    event.dataTransfer.setDragImage(row, 12, row.clientHeight / 2);
    setDragged(row.dataset.row ?? null);
  };
  const onDragOver = (event: DragEvent): void => {
    const row = rowAt(event);
    if (dragged === null || !row) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    const next = landingAt(row, event.clientY);
    setLanding((now) => (now?.key === next.key && now.side === next.side ? now : next));
  };
  const onDragLeave = (event: DragEvent): void => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setLanding(null);
  };
  const onDrop = (event: DragEvent): void => {
    if (dragged === null) return;
    event.preventDefault();
    if (landing && landing.key !== dragged) onLand(dragged, landing);
    end();
  };
  return { landing, handlers: { onDragStart, onDragOver, onDragLeave, onDrop, onDragEnd: end } };
}

const rowAt = (event: DragEvent): HTMLElement | null =>
  (event.target as Element).closest<HTMLElement>("[data-row]");

/** The nearer edge of a row; nothing is dropped before a row that stays on top. */
function landingAt(row: HTMLElement, y: number): Landing {
  const { top, height } = row.getBoundingClientRect();
  const before = y < top + height / 2 && row.dataset.pinned === undefined;
  return { key: row.dataset.row ?? "", side: before ? "before" : "after" };
}
