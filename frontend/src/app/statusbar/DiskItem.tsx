import { HardDrive, TriangleAlert } from "lucide-react";
import { isLow } from "@/features/storage/model/storage";
import type { SystemStats } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { formatBytes } from "@/shared/lib/format";
import { openDialog } from "@/shared/store/ui";

/** Free space of the disk that holds the data folder; a click opens the clean-up. */
export function DiskItem({ stats }: { stats: SystemStats }) {
  const low = isLow(stats);
  const Icon = low ? TriangleAlert : HardDrive;
  const about = `${formatBytes(stats.disk_free)} of ${formatBytes(stats.disk_total)} are free`;
  return (
    <button
      type="button"
      title={`${about}. Storage and clean-up…`}
      onClick={() => openDialog("storage")}
      className={cn(
        "-mx-1 inline-flex h-6 items-center gap-1.5 rounded px-1 hover:bg-raised hover:text-text",
        low && "bg-warning-soft font-medium text-warning hover:text-warning",
      )}
    >
      <Icon aria-hidden className="size-3.5" />
      <span>
        {low ? "Disk nearly full: " : "Disk "}
        <span className={cn("font-mono tabular-nums", !low && "text-text")}>
          {formatBytes(stats.disk_free)}
        </span>{" "}
        free
      </span>
    </button>
  );
}
