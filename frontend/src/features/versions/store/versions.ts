/** Earlier versions of the open graph: restored, or opened as a copy. */

import { copyOf, openAsNew } from "@/features/graph/store/documents";
import { editDocument, undo } from "@/features/graph/store/graph";
import { closeBlock } from "@/features/graph/store/scope";
import type { Graph } from "@/shared/api/types";
import { toast } from "@/shared/store/toast";

/** Restores an earlier document, as one undo step. */
export function restoreVersion(graph: Graph, version: number): void {
  editDocument(() => graph);
  closeBlock(0);
  toast.success(`Restored version ${version}.`, {
    action: { label: "Undo", onClick: undo },
  });
}

/** Opens an earlier version as a graph of its own. */
export async function openVersion(graph: Graph, version: number): Promise<void> {
  if (await openAsNew(copyOf(graph))) toast.success(`Opened a copy of version ${version}.`);
}
