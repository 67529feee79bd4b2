import { useQuery } from "@tanstack/react-query";
import { readQueue } from "@/shared/api/runs";
import type { RunQueue } from "@/shared/api/types";
import { useRunNews } from "./useRunNews";

/** Who trains where, and who waits in which order; kept fresh. */
export function useQueue(): { queue: RunQueue | undefined; error: Error | null } {
  useRunNews("queue");
  const { data, error } = useQuery({ queryKey: ["queue"], queryFn: readQueue, staleTime: 0 });
  return { queue: data, error };
}
