import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { readQueue } from "@/shared/api/runs";
import type { RunQueue } from "@/shared/api/types";
import { useSystem } from "@/shared/store/system";
import { useRunNews } from "./useRunNews";

const OBSTACLE_MS = 3000; // while there is an obstacle: which runs it affects changes without news of a run

/** Which runs train on which device, and which wait, in order; kept fresh. */
export function useQueue(): { queue: RunQueue | undefined; error: Error | null } {
  useRunNews("queue");
  const obstacle = useSystem(({ stats }) => stats?.obstacle ?? null);
  const { data, error } = useQuery({
    queryKey: ["queue", obstacle],
    queryFn: readQueue,
    staleTime: 0,
    placeholderData: keepPreviousData,
    refetchInterval: obstacle ? OBSTACLE_MS : false,
  });
  return { queue: data, error };
}
