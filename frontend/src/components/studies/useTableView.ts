import { useMemo, useState } from "react";
import type { Study, StudyResults } from "@/api/types";
import { metricLabel } from "@/lib/metrics";
import { isSearch } from "@/lib/studies";
import { type Column, columnsOf, firstSort, type TableSort } from "@/lib/studyTable";
import { useStudyColumns } from "@/store/studies";

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
