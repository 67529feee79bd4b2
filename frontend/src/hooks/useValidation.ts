import { useEffect } from "react";
import { validateGraph } from "@/api/graphs";
import { sameMeaning } from "@/lib/document";
import { useGraph } from "@/store/graph";
import { useServer } from "@/store/server";

const DEBOUNCE_MS = 60;

/** Has the server check each change of the document; a request that became stale is aborted. */
export function useValidation(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let request = new AbortController();

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
      timer = setTimeout(() => void check(), DEBOUNCE_MS);
    };

    schedule();
    const stops = [
      useGraph.subscribe((state, before) => {
        if (state.graph !== before.graph && !sameMeaning(state.graph, before.graph)) schedule();
      }),
      useServer.subscribe(({ reachable }, before) => {
        if (reachable && !before.reachable) schedule();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      clearTimeout(timer);
      request.abort();
    };
  }, []);
}
