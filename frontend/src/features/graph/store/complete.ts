/** Add what the drawn layers need for training, as one step. */

import { moveNodes } from "@/features/graph/model/document";
import { listDatasets } from "@/shared/api/datasets";
import { toast } from "@/shared/store/toast";
import { useCatalogue } from "./catalogue";
import { reportError } from "./documents";
import { editDocument, useGraph } from "./graph";
import { closeBlock } from "./scope";
import { tidyApart } from "./tidy";
import { fitView } from "./viewState";

/** Add and connect what the graph lacks for training, and lay it out; shows what was added or what prevents it. */
export async function completeTraining(): Promise<void> {
  closeBlock(0);
  const { graph } = useGraph.getState();
  const { types } = useCatalogue.getState();
  try {
    const { complete } = await import("@/features/graph/model/connections/complete");
    const done = complete(graph, types, await listDatasets());
    if (typeof done === "string") {
      toast.info(done);
      return;
    }
    const places = await tidyApart(done.graph, types);
    if (useGraph.getState().graph !== graph) return; // edited meanwhile: the user's edit wins
    editDocument(() => moveNodes(done.graph, places));
    fitView();
    toast.success(`Added ${done.added.join(", ")}.`, {
      description: "Check the data and the loss, then run.",
    });
  } catch (error) {
    reportError(error);
  }
}
