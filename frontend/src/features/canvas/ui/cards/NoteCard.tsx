import { type NodeProps, NodeResizer } from "@xyflow/react";
import { type KeyboardEvent, memo, type ReactNode, useState } from "react";
import { NOTE, noteKey } from "@/features/graph/model/annotations";
import { changeNote } from "@/features/graph/store/annotations";
import { endRename, startRename, useViewState } from "@/features/graph/store/viewState";
import { cn } from "@/shared/lib/cn";
import type { NoteNode } from "../flow/view";

/** Text on the canvas: a double click or F2 edits it. */
export const NoteCard = memo(function NoteCard({ data: { note }, selected }: NodeProps<NoteNode>) {
  const key = noteKey(note.id);
  const editing = useViewState((state) => state.renaming === key);
  return (
    <>
      <NodeResizer
        isVisible={selected}
        minWidth={NOTE.least.width}
        minHeight={NOTE.least.height}
        onResizeEnd={(_event, { x, y, width, height }) =>
          changeNote(note.id, { position: { x, y }, width: Math.round(width), height: Math.round(height) })
        }
      />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; F2 and Enter do the same */}
      <div
        className={cn("note", selected && "note-selected")}
        data-color={note.color || undefined}
        onDoubleClick={() => startRename(key)}
      >
        {editing ? <Editor id={note.id} text={note.text} /> : <Text text={note.text} />}
      </div>
    </>
  );
});

function Editor({ id, text }: { id: string; text: string }) {
  const [draft, setDraft] = useState(text);
  const done = (): void => {
    if (draft !== text) changeNote(id, { text: draft });
    endRename();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    event.stopPropagation();
    if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      event.currentTarget.blur();
    }
  };
  return (
    <textarea
      aria-label="Text of the note"
      // biome-ignore lint/a11y/noAutofocus: it was opened to be typed into
      autoFocus
      value={draft}
      maxLength={20_000}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={done}
      onKeyDown={onKeyDown}
      className="nodrag nowheel size-full resize-none bg-transparent outline-none"
    />
  );
}

const LINK = /(https?:\/\/[^\s]+)/;

/** The text with its line breaks and links. */
function Text({ text }: { text: string }) {
  if (!text.trim()) return <span className="text-muted">Double-click to write</span>;
  return <p className="wrap-anywhere whitespace-pre-wrap">{linked(text)}</p>;
}

function linked(text: string): ReactNode[] {
  const parts = text.split(LINK);
  return parts.map((part, index) => {
    if (!LINK.test(part)) return part;
    const at = parts.slice(0, index).join("").length;
    return (
      <a
        key={at}
        href={part}
        target="_blank"
        rel="noopener noreferrer"
        className="nodrag text-accent underline"
      >
        {part}
      </a>
    );
  });
}
