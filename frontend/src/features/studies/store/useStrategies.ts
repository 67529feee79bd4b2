import { useQuery } from "@tanstack/react-query";
import type { Strategies } from "@/features/studies/model/studies";
import { listStrategies } from "@/shared/api/studies";

const NONE: Strategies = [];

/** The strategies with their labels; none until they have arrived. They never change. */
export function useStrategies(): Strategies {
  const { data } = useQuery({
    queryKey: ["strategies"],
    queryFn: listStrategies,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}
