import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Cleaning } from "@/features/storage/model/storage";
import { cleanStorage, readStorage } from "@/shared/api/storage";
import type { CleanReport, StorageReport } from "@/shared/api/types";
import { cleanUp } from "./storage";

interface Storage {
  report: StorageReport | null;
  /** What could be freed in total. */
  plan: CleanReport | null;
  error: Error | null;
  retry: () => void;
  clean: (cleaning: Cleaning) => Promise<void>;
}

/** The content of the data folder, and what a clean-up of checkpoints of this age, and of everything else, would free. */
export function useStorage(days: number): Storage {
  const queries = useQueryClient();
  const report = useQuery({
    queryKey: ["storage", "report"],
    queryFn: ({ signal }) => readStorage(signal),
    staleTime: 0,
  });
  const plan = useQuery({
    queryKey: ["storage", "plan", days],
    queryFn: ({ signal }) =>
      cleanStorage({ dry_run: true, checkpoint_days: days, leftovers: true, database: true }, signal),
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  return {
    report: report.data ?? null,
    plan: plan.data ?? null,
    error: report.error ?? plan.error,
    retry: () => void queries.refetchQueries({ queryKey: ["storage"] }),
    clean: async (cleaning) => {
      await cleanUp(cleaning);
      await queries.invalidateQueries({ queryKey: ["storage"] });
      await queries.invalidateQueries({ queryKey: ["results"] });
    },
  };
}
