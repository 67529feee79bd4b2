import { useQuery } from "@tanstack/react-query";
import { readQueue } from "@/shared/api/runs";
import type { RunQueue } from "@/shared/api/types";
import { useRunNews } from "./useRunNews";

/** Which runs train on which device, and which wait, in order; kept fresh. */
export function useQueue(): { queue: RunQueue | undefined; error: Error | null } {
  useRunNews("queue");
  const { data, error } = useQuery({ queryKey: ["queue"], queryFn: readQueue, staleTime: 0 });
  return { queue: data, error };
}
