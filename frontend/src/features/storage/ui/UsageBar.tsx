import { backupSentence, isLow, segments, usedBytes } from "@/features/storage/model/storage";
import type { StorageReport } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatBytes, formatInt, plural } from "@/shared/lib/format";

/** The content of the data folder: a bar by kind, with figures and the free space. */
export function UsageBar({ report }: { report: StorageReport }) {
  const shown = segments(report);
  const low = isLow(report);
  return (
    <section aria-label="Content of the data folder" className="flex flex-col gap-2">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <p>
          <span className="font-semibold text-lg tabular-nums">{formatBytes(usedBytes(report))}</span>{" "}
          <span className="text-muted">in use · {plural(report.run_count, "run")}</span>
        </p>
        <p className={cn("tabular-nums", low ? "font-medium text-warning" : "text-muted")}>
          {low && "Nearly full: "}
          {formatBytes(report.disk_free)} of {formatBytes(report.disk_total)} free on this disk
        </p>
      </div>
      <div aria-hidden className="flex h-3 gap-px overflow-hidden rounded-full bg-raised">
        {shown.map(
          ({ kind, share, colour, label }) =>
            share > 0 && (
              <div
                key={kind}
                title={label}
                className="min-w-1"
                style={{ width: `${share * 100}%`, background: colour }}
              />
            ),
        )}
      </div>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-1 md:grid-cols-3">
        {shown.map(({ kind, label, about, colour, bytes, files }) => (
          <div key={kind} className="flex items-center gap-2" title={`${about}: ${plural(files, "file")}`}>
            <span aria-hidden className="size-2.5 shrink-0 rounded-sm" style={{ background: colour }} />
            <dt className="grow truncate">{label}</dt>
            <dd className="font-mono text-sm tabular-nums" title={`${formatInt(bytes)} bytes`}>
              {formatBytes(bytes)}
            </dd>
          </div>
        ))}
      </dl>
      <Backups backups={report.backups} />
    </section>
  );
}

/** When the database was last backed up, or why it was not. */
function Backups({ backups }: { backups: StorageReport["backups"] }) {
  const { problem } = backups;
  return (
    <div className="text-sm">
      <p className="text-muted">{backupSentence(backups)}</p>
      {problem && <p className="text-warning">{problem}</p>}
    </div>
  );
}
