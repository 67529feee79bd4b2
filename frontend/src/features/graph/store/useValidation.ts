import { useEffect } from "react";
import { sameMeaning } from "@/features/graph/model/document";
import { validateGraph } from "@/shared/api/graphs";
import { isAvailable, useServer } from "@/shared/store/server";
import { useGraph } from "./graph";

/** Edits closer together than this are validated once, after the last; a single one is validated at once. */
const CLOSE_MS = 60;

/** Have the server validate each change of the document; an outdated request is aborted. */
export function useValidation(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let request = new AbortController();
    let lastEdit = Number.NEGATIVE_INFINITY;

    const check = async (): Promise<void> => {
      request = new AbortController();
      const { signal } = request;
      const { graph } = useGraph.getState();
      try {
        const report = await validateGraph(graph, signal);
        if (!signal.aborted) useGraph.setState({ report, validating: false });
      } catch {
        // Aborted by a newer change, or the server is away: the last report stays until it is back.
      }
    };
    const schedule = (): void => {
      request.abort();
      clearTimeout(timer);
      useGraph.setState({ validating: true });
      const now = performance.now();
      // Requested before the page is redrawn: the server works meanwhile.
      if (now - lastEdit >= CLOSE_MS) void check();
      else timer = setTimeout(() => void check(), CLOSE_MS);
      lastEdit = now;
    };

    schedule();
    const stops = [
      useGraph.subscribe((state, before) => {
        if (state.graph !== before.graph && !sameMeaning(state.graph, before.graph)) schedule();
      }),
      useServer.subscribe((server, before) => {
        if (isAvailable(server) && !isAvailable(before)) schedule();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      clearTimeout(timer);
      request.abort();
    };
  }, []);
}
