import { finalMetrics, metricLabel } from "@/features/runs/model/metrics";
import { useLossNote } from "@/features/runs/store/useLossNote";
import type { Run } from "@/shared/api/types";
import { formatNumber } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";

/** A run's metrics on held-out data; nothing where it was not evaluated. */
export function TestFigures({ run }: { run: Run }) {
  const keys = finalMetrics([run.metrics]).filter((key) => key.startsWith("test_"));
  const lossNote = useLossNote([run.id]);
  if (keys.length === 0) return null;
  return (
    <ul aria-label="Test figures" className="flex flex-wrap gap-2">
      {keys.map((key) => {
        const value = ownValue(run.metrics, key)?.last;
        return (
          <li key={key} className="flex items-baseline gap-2 rounded-lg border bg-panel px-2.5 py-1">
            <p className="text-muted text-xs">{metricLabel(key)}</p>
            <p className="font-semibold text-lg tabular-nums" title={String(value)} data-testid={key}>
              {formatNumber(value)}
            </p>
            {key === "test_loss" && lossNote && <p className="text-muted text-xs">{lossNote}</p>}
          </li>
        );
      })}
    </ul>
  );
}
