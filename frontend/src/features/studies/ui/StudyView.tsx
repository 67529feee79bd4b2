import { useState } from "react";
import { pairOf } from "@/features/studies/model/variantPair";
import { useStudyView } from "@/features/studies/store/studies";
import { useStudyResults } from "@/features/studies/store/useStudies";
import type { Study, StudyResults } from "@/shared/api/types";
import { useWidth } from "@/shared/ui/plots/useWidth";
import { AddSeedsDialog } from "./AddSeedsDialog";
import { VariantComparison } from "./compare/VariantComparison";
import { StudyPlots } from "./plots/StudyPlots";
import { StudyHeader } from "./StudyHeader";
import { StudyNotes } from "./StudyNotes";
import { StudyTable } from "./table/StudyTable";
import { TableTools } from "./table/TableTools";
import { useTableView } from "./table/useTableView";

/** From this width on, the plots are beside the table. */
const SIDE_BY_SIDE = 1080;

/** One study: its header, its table and its plots. */
export function StudyView({ study, onDelete }: { study: Study; onDelete: (study: Study) => void }) {
  const results = useStudyResults(study.id);
  const [adding, setAdding] = useState(false);
  const [frame, width] = useWidth<HTMLElement>();
  return (
    <section ref={frame} aria-label={`Study ${study.name}`} className="flex min-h-0 min-w-0 grow flex-col">
      <StudyHeader study={study} results={results} onAddSeeds={() => setAdding(true)} onDelete={onDelete} />
      {results && width > 0 && <Body study={study} results={results} wide={width >= SIDE_BY_SIDE} />}
      {adding && <AddSeedsDialog study={study} onClose={() => setAdding(false)} />}
    </section>
  );
}

interface BodyProps {
  study: Study;
  results: StudyResults;
  wide: boolean;
}

function Body({ study, results, wide }: BodyProps) {
  const view = useTableView(study, results);
  const compared = useStudyView((state) => state.compared);
  const pair = compared && pairOf(results, compared);
  if (pair) return <VariantComparison study={study} results={results} pair={pair} />;
  const tools = <TableTools view={view} />;
  const table = (
    <StudyTable study={study} results={results} view={view}>
      <StudyNotes results={results} />
    </StudyTable>
  );
  if (!wide) return <StudyPlots study={study} results={results} table={table} tools={tools} />;
  return (
    <div className="flex min-h-0 grow">
      <div className="flex min-h-0 min-w-0 flex-[3_1_0] flex-col">
        <div className="flex h-9 shrink-0 items-center justify-end gap-1 border-b px-3">{tools}</div>
        {table}
      </div>
      <div className="flex min-h-0 min-w-0 flex-[2_1_0] border-l">
        <StudyPlots study={study} results={results} />
      </div>
    </div>
  );
}
