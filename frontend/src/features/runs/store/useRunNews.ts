import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { throttle } from "@/shared/lib/throttle";
import { useRuns } from "./runs";

const PAUSE_MS = 1000;

/**
 * Reloads the query of this key when runs are added, deleted or change their state: at once, and once per second
 * while many do.
 */
export function useRunNews(key: string): void {
  const queries = useQueryClient();
  useEffect(() => {
    const renew = throttle(() => void queries.invalidateQueries({ queryKey: [key] }), PAUSE_MS);
    const stop = useRuns.subscribe((now, before) => {
      if (now.revision !== before.revision) renew();
    });
    return () => {
      stop();
      renew.cancel();
    };
  }, [queries, key]);
}
