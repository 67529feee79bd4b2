/** Earlier versions of the open graph: brought back, or opened beside it. */

import type { Graph } from "@/api/types";
import { toast } from "@/lib/toast";
import { copyOf, openAsNew } from "./documents";
import { editDocument, undo } from "./graph";
import { closeBlock } from "./scope";

/** Makes an earlier document the present one, as one step that can be undone. */
export function restoreVersion(graph: Graph, version: number): void {
  editDocument(() => graph);
  closeBlock(0);
  toast.success(`Version ${version} is the present graph again.`, {
    action: { label: "Undo", onClick: undo },
  });
}

/** Opens an earlier version as a graph of its own. */
export async function openVersion(graph: Graph, version: number): Promise<void> {
  if (await openAsNew(copyOf(graph))) toast.success(`Opened a copy of version ${version}.`);
}
