import { metricLabel } from "@/features/runs/model/metrics";
import { isSearch } from "@/features/studies/model/studies";
import { NONE } from "@/features/studies/model/studyTable";
import { type Fact, factsOf, type VariantPair } from "@/features/studies/model/variantPair";
import type { Study, StudyResults } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { plural } from "@/shared/lib/format";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { SideLetter } from "./SideLetter";

interface PairFiguresProps {
  study: Study;
  results: StudyResults;
  pair: VariantPair;
  /** Omit rows with the same text on both sides. */
  onlyOther: boolean;
}

/** Their figures, one column each, and the difference B − A. */
export function PairFigures({ study, results, pair, onlyOther }: PairFiguresProps) {
  const all = factsOf(results, pair, isSearch(study), metricLabel);
  // The row of the study's metric is always shown.
  const facts = onlyOther ? all.filter(({ key, same }) => !same || key === "mean") : all;
  const left = all.length - facts.length;
  return (
    <ScrollRegion label="Figures of both" className="overflow-x-auto">
      <table className="w-full text-sm">
        <thead className="text-muted">
          <tr className="border-b">
            <th scope="col" className="py-1 text-left font-medium">
              Mean ± sd
            </th>
            <Head side="a" label={pair.a.label} />
            <Head side="b" label={pair.b.label} />
            <th scope="col" className="whitespace-nowrap px-2 py-1 text-right font-medium" title="B minus A">
              B − A
            </th>
          </tr>
        </thead>
        <tbody>
          {facts.map((fact) => (
            <Line key={fact.key} fact={fact} />
          ))}
        </tbody>
      </table>
      {left > 0 && (
        <p className="py-1 text-muted text-xs">{plural(left, "line")} left out: the same on both sides.</p>
      )}
    </ScrollRegion>
  );
}

function Head({ side, label }: { side: "a" | "b"; label: string }) {
  return (
    <th scope="col" className="px-2 py-1 font-medium">
      <span className="flex items-center justify-end gap-1.5" title={label}>
        <SideLetter side={side} />
        <span className="max-w-32 truncate">{label}</span>
      </span>
    </th>
  );
}

function Line({ fact: { key, title, hint, a, b, difference, same, numeric } }: { fact: Fact }) {
  const cell = cn("px-2 py-1 text-right", numeric && "whitespace-nowrap font-mono text-xs tabular-nums");
  return (
    <tr className={cn("border-b last:border-0", same && key !== "mean" && "text-muted")}>
      <th scope="row" title={hint} className="py-1 text-left font-normal">
        {title}
      </th>
      <td title={a.full} className={cell}>
        {a.text || NONE}
      </td>
      <td title={b.full} className={cell}>
        {b.text || NONE}
      </td>
      <td className={cn(cell, "text-muted")}>{difference}</td>
    </tr>
  );
}
