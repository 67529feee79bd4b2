import { endSession } from "@/shared/api/session";
import { flushDraft, reportError } from "./documents";
import { forgetBrowserDraft } from "./drafts";
import { useGraph } from "./graph";

/** Ends the session and leaves nothing of the graph in this browser that the server has too. */
export async function signOut(): Promise<void> {
  try {
    await flushDraft();
    await endSession();
  } catch (error) {
    reportError(error);
    return;
  }
  const { graphId, draft } = useGraph.getState();
  if (graphId !== null && (draft === "clean" || draft === "server")) forgetBrowserDraft();
  globalThis.location.reload();
}
