/** Reload the page, with or without the drawing of the graph. Its edits are kept first. */
import { flushDraft, keepInBrowser } from "./documents";

export function enterSafeMode(): void {
  keepInBrowser();
  globalThis.location.assign("/?safe");
}

export async function leaveSafeMode(): Promise<void> {
  await flushDraft();
  globalThis.location.assign("/");
}
