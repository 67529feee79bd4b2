/** The data folder: cleaning it up, and showing a run that takes much of it. */

import { reportError } from "@/features/graph/store/documents";
import { put, showRun } from "@/features/runs/store/runs";
import { type Cleaning, freedBytes } from "@/features/storage/model/storage";
import { readRun } from "@/shared/api/runs";
import { cleanStorage } from "@/shared/api/storage";
import { formatBytes } from "@/shared/lib/format";
import { toast } from "@/shared/store/toast";
import { openDialog, openDrawer } from "@/shared/store/ui";

const ALL = { checkpoints: true, leftovers: true, database: true };

/** Performs a clean-up, and reports how much it freed. */
export async function cleanUp({ checkpoints, days, leftovers, database }: Cleaning): Promise<void> {
  try {
    const report = await cleanStorage({
      dry_run: false,
      checkpoint_days: checkpoints ? days : null,
      leftovers,
      database,
    });
    const freed = `Freed ${formatBytes(freedBytes(report, ALL))}.`;
    if (report.problems.length > 0) toast.warning(freed, { description: report.problems.join(" ") });
    else toast.success(freed);
  } catch (error) {
    reportError(error);
  }
}

/** Closes the dialog and shows a run, also one that no list on the page contains. */
export async function showStoredRun(id: string): Promise<void> {
  try {
    put(await readRun(id));
    openDialog(null);
    openDrawer("training");
    await showRun(id);
  } catch (error) {
    reportError(error);
  }
}
