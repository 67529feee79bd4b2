import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { lastingRuns, removeRuns } from "@/features/runs/store/runList";
import { useRuns } from "@/features/runs/store/runs";
import { formatInt, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { ProgressBar } from "@/shared/ui/ProgressBar";

const NAMED = 3;

/** Asks before runs are deleted, lists those that are kept, and shows the progress. */
export function DeleteDialog({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const [done, setDone] = useState<number | null>(null);
  const first = useRuns((state) => ownValue(state.runs, ids[0] ?? ""));
  const { data: lasting, error } = useQuery({
    queryKey: ["lasting runs", ids],
    queryFn: () => lastingRuns(ids),
    staleTime: 0,
    gcTime: 0,
  });
  const stay = Object.values(lasting ?? {});
  const count = ids.length - stay.length;
  const what = ids.length === 1 && first ? `“${first.name}”` : plural(ids.length, "run");
  const remove = async (): Promise<void> => {
    setDone(0);
    await removeRuns(
      ids.filter((id) => !ownValue(lasting, id)),
      setDone,
    );
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Delete ${what}?`}
      description="Curves, figures, checkpoints and weights are deleted permanently."
      footer={
        <>
          <Button onClick={onClose}>{done === null ? "Cancel" : "Continue in background"}</Button>
          <Button
            variant="danger"
            disabled={!lasting || count === 0 || done !== null}
            onClick={() => void remove()}
          >
            {count === 1 ? "Delete run" : `Delete ${plural(count, "run")}`}
          </Button>
        </>
      }
    >
      {done !== null ? (
        <div role="status" className="flex flex-col gap-1.5">
          <ProgressBar share={done / Math.max(1, count)} label="Deleting runs" />
          {formatInt(done)} of {formatInt(count)} deleted
        </div>
      ) : error ? (
        <p role="alert">{error.message}</p>
      ) : (
        stay.length > 0 && (
          <div role="status" className="rounded-md bg-warning-soft p-2 text-sm">
            <p className="font-medium">
              {stay.length === 1 ? "One is kept" : `${formatInt(stay.length)} are kept`}: stop what is
              training or waiting first.
            </p>
            <ul>
              {stay.slice(0, NAMED).map((reason) => (
                <li key={reason} className="break-words">
                  {reason}
                </li>
              ))}
              {stay.length > NAMED && <li>And {formatInt(stay.length - NAMED)} more.</li>}
            </ul>
          </div>
        )
      )}
    </Dialog>
  );
}
