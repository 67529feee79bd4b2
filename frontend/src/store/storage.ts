/** The data folder: cleaning it, and showing a run that takes much of it. */

import { readRun } from "@/api/runs";
import { cleanStorage } from "@/api/storage";
import { formatBytes } from "@/lib/format";
import { type Cleaning, freedBytes } from "@/lib/storage";
import { toast } from "@/lib/toast";
import { reportError } from "./documents";
import { put, showRun } from "./runs";
import { openDialog, openDrawer } from "./ui";

const ALL = { checkpoints: true, leftovers: true, database: true };

/** Removes what is wanted, and says how much that gave back. */
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

/** Leaves the dialog and shows a run, also one that no list on the page holds. */
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
