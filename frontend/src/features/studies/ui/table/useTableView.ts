import { useMemo, useState } from "react";
import { metricLabel } from "@/features/runs/model/metrics";
import { isSearch } from "@/features/studies/model/studies";
import { type Column, columnsOf, firstSort, type TableSort } from "@/features/studies/model/studyTable";
import { useStudyColumns } from "@/features/studies/store/studies";
import type { Study, StudyResults } from "@/shared/api/types";

/** How the table of a study is looked at. */
export interface TableView {
  sort: TableSort;
  setSort: (sort: TableSort) => void;
  /** Every column that there is, and those that are shown. */
  all: Column[];
  columns: Column[];
}

export function useTableView(study: Study, results: StudyResults): TableView {
  const [sort, setSort] = useState<TableSort>(() => firstSort(study.plan.strategy.kind, study.direction));
  const chosen = useStudyColumns((state) => state.columns);
  const search = isSearch(study);
  const all = useMemo(() => columnsOf(results, search, metricLabel), [results, search]);
  const columns = useMemo(
    () => all.filter(({ key, shown }) => key === "label" || (chosen[key] ?? shown)),
    [all, chosen],
  );
  return { sort, setSort, all, columns };
}
