import { copyText } from "@/features/studies/store/studies";
import type { StudyResults } from "@/shared/api/types";
import { Button } from "@/shared/ui/Button";

/** The notes on the table: its caption, its limits, and a paragraph for a paper. */
export function StudyNotes({ results }: { results: StudyResults }) {
  const { caption, notes, methods } = results;
  return (
    <div className="flex max-w-[90ch] flex-col gap-2 px-3 py-2 text-sm">
      {caption && <p>{caption}</p>}
      {notes.length > 0 && (
        <ul aria-label="Notes" className="flex list-disc flex-col gap-0.5 pl-4 text-muted">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {methods && (
        <details>
          <summary className="min-h-6 cursor-pointer rounded py-0.5 font-medium">Methods paragraph</summary>
          <p className="mb-1.5">{methods}</p>
          <Button size="sm" onClick={() => void copyText(methods, "Copied the methods paragraph.")}>
            Copy methods paragraph
          </Button>
        </details>
      )}
    </div>
  );
}
