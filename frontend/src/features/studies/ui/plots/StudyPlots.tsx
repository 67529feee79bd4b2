import { type ReactNode, useState } from "react";
import { isSearch } from "@/features/studies/model/studies";
import { firstSort, sortRows } from "@/features/studies/model/studyTable";
import type { Study, StudyResults } from "@/shared/api/types";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { type TabItem, TabPanel, Tabs } from "@/shared/ui/Tabs";
import { CurvePlot } from "./CurvePlot";
import { Dependence } from "./Dependence";
import { ForestPlot } from "./ForestPlot";
import { GridPlot } from "./GridPlot";
import { SearchPlot } from "./SearchPlot";
import { SeedPlot } from "./SeedPlot";

interface StudyPlotsProps {
  study: Study;
  results: StudyResults;
  /** The table, where it is one of the tabs. */
  table?: ReactNode;
  /** Content at the end of the row of tabs while the table is shown. */
  tools?: ReactNode;
}

interface View extends TabItem<string> {
  content: ReactNode;
}

/** The plots that a study's strategy has, one at a time. */
export function StudyPlots({ study, results, table, tools }: StudyPlotsProps) {
  const views: View[] = [
    ...(table ? [{ value: "table", label: "Table", content: table }] : []),
    ...plots(study, results),
  ];
  const [selected, setChosen] = useState("");
  const value = views.some((view) => view.value === selected) ? selected : (views[0]?.value ?? "");
  return (
    <Tabs
      value={value}
      onChange={setChosen}
      items={views}
      label={table ? "Table and plots of the study" : "Plots of the study"}
      actions={value === "table" && tools}
      className="min-w-0 grow"
    >
      {views.map((view) => (
        <TabPanel key={view.value} value={view.value}>
          {view.value === "table" ? (
            view.content
          ) : (
            <ScrollRegion
              label={view.label}
              className="flex min-h-0 min-w-0 grow flex-col overflow-y-auto [scrollbar-gutter:stable]"
            >
              {view.content}
            </ScrollRegion>
          )}
        </TabPanel>
      ))}
    </Tabs>
  );
}

function plots(study: Study, results: StudyResults): View[] {
  const { strategy } = study.plan;
  const search = isSearch(study);
  const first = firstSort(strategy.kind, results.direction);
  // In the initial order of the table; colours of curves follow the study's order.
  const sorted = { ...results, variants: sortRows(results.variants, first) };
  return [
    ...(search ? [{ value: "trials", label: "Trials", content: <SearchPlot results={results} /> }] : []),
    ...(search
      ? []
      : [{ value: "forest", label: "Differences", content: <ForestPlot study={study} results={sorted} /> }]),
    ...(strategy.kind === "grid"
      ? [
          {
            value: "grid",
            label: strategy.factors.length === 2 ? "Grid" : "Effects",
            content: <GridPlot results={results} factors={strategy.factors} />,
          },
        ]
      : []),
    { value: "seeds", label: "Seeds", content: <SeedPlot results={sorted} /> },
    { value: "curves", label: "Curves", content: <CurvePlot study={study} results={results} /> },
    ...(results.dependence.length > 0
      ? [{ value: "dependence", label: "Depends on the rest", content: <Dependence results={results} /> }]
      : []),
  ];
}
