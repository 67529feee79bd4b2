import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { exportGraph } from "@/features/files/store/files";
import { enterSafeMode } from "@/features/graph/store/safeMode";
import { crashReport } from "@/shared/lib/safeMode";
import { Button } from "@/shared/ui/Button";

interface CrashNoteProps {
  what: string;
  error: Error;
  onRetry: () => void;
}

/** Shown in place of what crashed: how to continue, and what to report to those who can fix it. */
export function CrashNote({ what, error, onRetry }: CrashNoteProps) {
  const [reporting, setReporting] = useState(false);
  return (
    <div role="alert" className="flex h-full flex-col items-center justify-center gap-3 overflow-auto p-6">
      <TriangleAlert aria-hidden className="size-7 text-danger" />
      <p className="font-medium text-lg">VisDL could not draw {what}</p>
      <p className="max-w-lg text-center text-muted">
        Your work is not lost: it is kept as it was. Safe mode opens the page without drawing the graph, so
        that you can undo, export it, or go back to an earlier version.
      </p>
      <div className="flex flex-wrap justify-center gap-2">
        <Button onClick={onRetry}>Try again</Button>
        <Button onClick={() => exportGraph()}>Export this graph</Button>
        <Button onClick={() => setReporting(!reporting)} aria-expanded={reporting}>
          Report text
        </Button>
        <Button variant="primary" onClick={enterSafeMode}>
          Open in safe mode
        </Button>
      </div>
      {reporting && (
        <textarea
          readOnly
          aria-label="Report"
          value={crashReport(error, what)}
          onFocus={(event) => event.target.select()}
          className="h-40 w-full max-w-2xl shrink-0 rounded-md border bg-panel p-2 font-mono text-xs"
        />
      )}
    </div>
  );
}
