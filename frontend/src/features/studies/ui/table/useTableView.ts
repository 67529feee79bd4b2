import { useMemo, useState } from "react";
import { metricLabel } from "@/features/runs/model/metrics";
import { isSearch } from "@/features/studies/model/studies";
import { type Column, columnsOf, firstSort, type TableSort } from "@/features/studies/model/studyTable";
import { useStudyColumns } from "@/features/studies/store/studies";
import type { Study, StudyResults } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

/** The view of a study's table: its sorting and columns. */
export interface TableView {
  sort: TableSort;
  setSort: (sort: TableSort) => void;
  /** All columns, and those that are shown. */
  all: Column[];
  columns: Column[];
}

export function useTableView(study: Study, results: StudyResults): TableView {
  const [sort, setSort] = useState<TableSort>(() => firstSort(study.plan.strategy.kind, study.direction));
  const selected = useStudyColumns((state) => state.columns);
  const search = isSearch(study);
  const all = useMemo(() => columnsOf(results, search, metricLabel), [results, search]);
  const columns = useMemo(
    () => all.filter(({ key, shown }) => key === "label" || (ownValue(selected, key) ?? shown)),
    [all, selected],
  );
  return { sort, setSort, all, columns };
}
