import { metricLabel } from "@/features/runs/model/metrics";
import type { StudyResults } from "@/shared/api/types";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { type Datum, PlotCard, SmallTable } from "./PlotCard";

/** How much the effect of each part depends on the presence of the others. */
export function Dependence({ results: { dependence, metric } }: { results: StudyResults }) {
  const data = {
    head: ["Part", "Difference", "Low", "High"],
    rows: dependence.map(({ label, delta, ci }): Datum[] => [label, delta, ci?.[0] ?? null, ci?.[1] ?? null]),
  };
  return (
    <PlotCard
      title="Depends on the rest"
      note={`Of ${metricLabel(metric)}: removing the part from the full model minus adding it to the minimal model, with the 95 % interval. Not tested.`}
      isTable
      data={data}
    >
      <ScrollRegion label="Depends on the rest, figures" className="overflow-x-auto px-1 pb-2">
        <SmallTable {...data} />
      </ScrollRegion>
    </PlotCard>
  );
}
