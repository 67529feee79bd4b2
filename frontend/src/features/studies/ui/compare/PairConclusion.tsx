import { metricLabel } from "@/features/runs/model/metrics";
import { isSearch, isUnderWay } from "@/features/studies/model/studies";
import { interval, pValue, signed } from "@/features/studies/model/studyTable";
import { comparedRow, meanDifference, type VariantPair } from "@/features/studies/model/variantPair";
import type { Study, StudyResults, StudyRow } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { VerdictMark } from "../table/VerdictMark";

interface PairConclusionProps {
  study: Study;
  results: StudyResults;
  pair: VariantPair;
}

/** What the study concludes about the two, and what it does not. */
export function PairConclusion({ study, results, pair }: PairConclusionProps) {
  const row = comparedRow(pair);
  const tested = row !== null && row.verdict !== null && !isSearch(study);
  return (
    <section aria-label="Conclusion" className="rounded-md border px-2.5 py-1.5 text-sm">
      {tested && !isUnderWay(results) ? (
        <Tested row={row} reference={row === pair.b ? pair.a.label : pair.b.label} metric={results.metric} />
      ) : (
        <p>{untested(study, results, pair)}</p>
      )}
    </section>
  );
}

function Tested({ row, reference, metric }: { row: StudyRow; reference: string; metric: string }) {
  const ci = interval(row.ci, row.decimals);
  return (
    <>
      <p>
        <span className="font-medium">{row.label}</span> against{" "}
        <span className="font-medium">{reference}</span>, {metricLabel(metric)},{" "}
        {plural(row.pairs ?? 0, "pair")} of equal seeds:
      </p>
      <p className="flex flex-wrap items-center gap-x-4 gap-y-0.5 py-0.5">
        <span className="font-mono text-xs tabular-nums" title={String(row.delta ?? "")}>
          Δ {signed(row.delta, row.decimals)}{" "}
          {ci && <span title="95 % confidence interval, paired t">{ci}</span>}
        </span>
        <span
          className="font-mono text-xs tabular-nums"
          title="Paired t test, corrected by Holm over the variants"
        >
          p (Holm) {pValue(row.p_t_holm)}
        </span>
        <VerdictMark row={row} />
      </p>
      {row.sentence && <p className="text-muted">{row.sentence}</p>}
    </>
  );
}

/** Why there is no test, in a sentence. */
function untested(study: Study, results: StudyResults, pair: VariantPair): string {
  if (isUnderWay(results))
    return "Differences appear when every planned run has ended: looking earlier finds differences that do not exist.";
  const { pairs } = meanDifference(pair);
  if (pairs === 0) return "No seed has a value in both, so there is no difference.";
  const over = `B − A is the mean over ${plural(pairs, "pair")} of equal seeds`;
  if (isSearch(study)) return `A search is described, not tested. ${over}.`;
  return `The study does not compare these two with each other: ${over}, without a test.`;
}
