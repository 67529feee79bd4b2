import { metricLabel } from "@/features/runs/model/metrics";
import { fixed, signed } from "@/features/studies/model/studyTable";
import { seedLines, type VariantPair, valueless } from "@/features/studies/model/variantPair";
import { useStudyCells } from "@/features/studies/store/useStudies";
import type { Study, StudyResults } from "@/shared/api/types";
import { PlotCard } from "../plots/PlotCard";
import { SideLetter } from "./SideLetter";

interface PairSeedsProps {
  study: Study;
  results: StudyResults;
  pair: VariantPair;
}

/** The values of both by seed: equal seeds are pairs. */
export function PairSeeds({ study, results, pair }: PairSeedsProps) {
  const { a, b } = pair;
  const lines = seedLines(pair, study.plan.seeds);
  const cells = useStudyCells(study.id);
  const decimals = Math.max(a.decimals, b.decimals);
  const trained = (key: string): string => study.variants.find((one) => one.key === key)?.same_as ?? key;
  const text = (value: number | null, key: string, seed: number): string =>
    value === null ? valueless(cells, trained(key), seed) : fixed(value, decimals);
  return (
    <div className="rounded-md border">
      <PlotCard
        title="Values per seed"
        note={metricLabel(results.metric)}
        isTable
        data={() => ({
          head: ["Seed", a.label, b.label, "B − A"],
          rows: lines.map((line) => [line.seed, line.a, line.b, line.difference]),
        })}
      >
        <div className="px-3 pb-1">
          <table className="w-full text-xs tabular-nums">
            <thead className="text-muted">
              <tr className="border-b">
                <th scope="col" className="py-1 text-left font-medium">
                  Seed
                </th>
                {(["a", "b"] as const).map((side) => (
                  <th key={side} scope="col" className="px-2 py-1" title={pair[side].label}>
                    <span className="flex justify-end">
                      <SideLetter side={side} />
                    </span>
                  </th>
                ))}
                <th scope="col" className="px-2 py-1 text-right font-medium">
                  B − A
                </th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.seed} className="border-b last:border-0">
                  <th scope="row" className="py-1 text-left font-mono font-normal">
                    {line.seed}
                  </th>
                  <Value value={line.a} text={text(line.a, a.key, line.seed)} />
                  <Value value={line.b} text={text(line.b, b.key, line.seed)} />
                  <Value value={line.difference} text={signed(line.difference, decimals)} />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </PlotCard>
    </div>
  );
}

function Value({ value, text }: { value: number | null; text: string }) {
  return (
    <td title={value === null ? "" : String(value)} className="px-2 py-1 text-right font-mono">
      {value === null ? <span className="text-muted">{text}</span> : text}
    </td>
  );
}
