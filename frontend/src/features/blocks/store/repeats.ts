/** Blocks of repeating layers. Loaded together with the table that offers them. */
import { foldable, makeRepeat, type Times, whyNotRepeat } from "@/features/blocks/model/repeats";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { edit, openReport, openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode } from "@/features/graph/store/viewState";
import { toast } from "@/shared/store/toast";
import { freshBlockName } from "./blocks";

const scopeNow = () => openScope(useGraph.getState());
const typesNow = () => useCatalogue.getState().types;

/** Turn repeating layers into one block with a repeat count, or show why not. */
export function makeRepeatedBlock(times: Times): void {
  const reason = whyNotRepeat(scopeNow(), typesNow(), times);
  if (reason) {
    toast.error(reason);
    return;
  }
  const name = freshBlockName();
  const { graph, id } = makeRepeat(scopeNow(), typesNow(), times, name);
  edit(() => graph);
  focusNode(id);
  toast.success(`${name} replaces all ${times.length} repeats.`, {
    description: "Each repeat keeps its own weights.",
  });
}

/** Do the same for the first layers of the open scope that allow it. */
export function makeBlockOfRepeats(): void {
  const [times] = foldable(scopeNow(), typesNow(), openReport(useGraph.getState()));
  if (times) makeRepeatedBlock(times);
  else toast.info("No consecutive layers repeat here.");
}
