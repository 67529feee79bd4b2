import { ArrowLeft, ArrowLeftRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { GraphPair } from "@/features/graph/ui/GraphPair";
import type { TableRow } from "@/features/studies/model/studyTable";
import { type PairKeys, type VariantPair, withSide } from "@/features/studies/model/variantPair";
import { compareVariants } from "@/features/studies/store/studies";
import { useStudyGraphs } from "@/features/studies/store/useStudies";
import type { Study, StudyResults } from "@/shared/api/types";
import { Button } from "@/shared/ui/Button";
import { Select } from "@/shared/ui/fields/Select";
import { Switch } from "@/shared/ui/fields/Switch";
import { IconButton } from "@/shared/ui/IconButton";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { CurvePlot } from "../plots/CurvePlot";
import { PairConclusion } from "./PairConclusion";
import { PairFigures } from "./PairFigures";
import { PairSeeds } from "./PairSeeds";
import { SideLetter } from "./SideLetter";

interface VariantComparisonProps {
  study: Study;
  results: StudyResults;
  pair: VariantPair;
}

/** Two variants side by side: their figures, their values by seed, their graphs and their curves. */
export function VariantComparison({ study, results, pair }: VariantComparisonProps) {
  const [onlyOther, setOnlyOther] = useState(true);
  const frame = useRef<HTMLElement>(null);
  // The element that opened it disappeared with the table.
  useEffect(() => frame.current?.focus({ preventScroll: true }), []);
  return (
    <ScrollRegion ref={frame} label="Comparison of variants" className="min-h-0 grow overflow-y-auto">
      <div className="sticky top-0 z-10 flex flex-wrap items-center gap-x-3 gap-y-1 border-b bg-panel px-3 py-1.5">
        <Button size="sm" variant="ghost" className="-ml-2" onClick={() => compareVariants(null)}>
          <ArrowLeft aria-hidden className="size-3.5" /> All variants
        </Button>
        <Sides results={results} keys={{ a: pair.a.key, b: pair.b.key }} />
        {/* biome-ignore lint/a11y/noLabelWithoutControl: the switch is inside */}
        <label className="ml-auto flex items-center gap-1.5 text-muted text-sm">
          <Switch checked={onlyOther} onChange={setOnlyOther} label="Only what differs" /> Only what differs
        </label>
      </div>
      <div className="flex flex-wrap items-start gap-x-4 gap-y-3 p-3">
        <div className="flex min-w-[min(420px,100%)] max-w-full flex-[1_1_420px] flex-col gap-3">
          <PairConclusion study={study} results={results} pair={pair} />
          <PairFigures study={study} results={results} pair={pair} onlyOther={onlyOther} />
          <PairSeeds study={study} results={results} pair={pair} />
        </div>
        <div className="flex min-w-[min(420px,100%)] max-w-full flex-[2_1_480px] flex-col gap-3">
          <Graphs study={study} pair={pair} />
          <div className="rounded-md border">
            <CurvePlot study={study} results={results} only={[pair.a.key, pair.b.key]} />
          </div>
        </div>
      </div>
    </ScrollRegion>
  );
}

const SIDES = ["a", "b"] as const;

/** Both are selected among all variants; selecting the other side's swaps them. */
function Sides({ results, keys }: { results: StudyResults; keys: PairKeys }) {
  const options = [results.baseline, ...results.variants].map(({ key, label }) => ({ value: key, label }));
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
      {SIDES.map((side) => (
        <span key={side} className="flex items-center gap-1.5">
          <SideLetter side={side} />
          <span className="w-56">
            <Select
              label={`Variant ${side.toUpperCase()}`}
              value={keys[side]}
              onChange={(key) => compareVariants(withSide(keys, side, key))}
              options={options}
            />
          </span>
          {side === "a" && (
            <IconButton
              size="sm"
              label="Swap A and B"
              onClick={() => compareVariants({ a: keys.b, b: keys.a })}
            >
              <ArrowLeftRight />
            </IconButton>
          )}
        </span>
      ))}
    </div>
  );
}

/** The baseline is the graph of the study itself. */
const graphKey = ({ role, key }: TableRow): string => (role === "baseline" ? "" : key);

function Graphs({ study, pair: { a, b } }: { study: Study; pair: VariantPair }) {
  const { graphs, error } = useStudyGraphs(study.id, graphKey(a), graphKey(b));
  return (
    <GraphPair key={`${a.key} ${b.key}`} before={graphs[0]} after={graphs[1]} error={error}>
      <span className="flex items-center gap-1.5 text-muted text-sm">
        from <SideLetter side="a" /> to <SideLetter side="b" />
      </span>
    </GraphPair>
  );
}
