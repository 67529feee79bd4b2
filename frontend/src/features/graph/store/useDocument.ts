import { useEffect } from "react";
import { canvasIsShown } from "@/shared/store/afterCanvas";
import { isAvailable, type ServerState, useServer, watchServer } from "@/shared/store/server";
import { loadCatalogue, useCatalogue } from "./catalogue";
import { flushDraft, keepOnLeaving, restoreDocument } from "./documents";
import { placeIfNeeded } from "./editing";
import { useGraph } from "./graph";

/** An edit is kept within a second; this leaves time for the request. */
const DRAFT_MS = 600;

/** Time for the first drawing. */
const DRAW_MS = 50;

/** Restore the last document, keep its edits, and synchronize when the server is back. */
export function useDocument(): void {
  useEffect(watchServer, []);
  useEffect(() => {
    void Promise.all([loadCatalogue(), restoreDocument()]).finally(() => setTimeout(canvasIsShown, DRAW_MS));
  }, []);
  useEffect(autosave, []);
  useEffect(() => useServer.subscribe(synchronize), []);
  useEffect(placeOnArrival, []);
}

function autosave(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = useGraph.subscribe((state, before) => {
    if (state.graph === before.graph || state.draft !== "pending") return;
    clearTimeout(timer);
    timer = setTimeout(() => void flushDraft(), DRAFT_MS);
  });
  // A page that is closed within that second still keeps the last edit.
  window.addEventListener("pagehide", keepOnLeaving);
  return () => {
    stop();
    clearTimeout(timer);
    window.removeEventListener("pagehide", keepOnLeaving);
  };
}

function synchronize(now: ServerState, before: ServerState): void {
  if (isAvailable(now) && !isAvailable(before)) void catchUp();
}

async function catchUp(): Promise<void> {
  if (useCatalogue.getState().status !== "ready") await loadCatalogue();
  if (useGraph.getState().graph.nodes.length === 0) await restoreDocument();
  else await flushDraft();
}

/** Lay out a document without positions once it and the catalogue are loaded. */
function placeOnArrival(): () => void {
  const place = (): void => {
    if (useCatalogue.getState().status === "ready") void placeIfNeeded();
  };
  const stops = [
    useCatalogue.subscribe(place),
    useGraph.subscribe((state, before) => state.graph !== before.graph && place()),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
