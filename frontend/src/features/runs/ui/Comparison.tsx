import { ArrowLeft, TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { Catalogue } from "@/features/graph/model/catalogue";
import {
  cautions,
  graphDifferences,
  obstacles,
  type RunWithGraph,
} from "@/features/graph/model/compare/compare";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { GraphPair } from "@/features/graph/ui/GraphPair";
import { useComparison } from "@/features/runs/store/useComparison";
import { freshNetwork, type Network } from "@/features/studies/model/studyPlanNetworks";
import type { Graph, Run } from "@/shared/api/types";
import { RUN_COLORS } from "@/shared/lib/runColors";
import { Button } from "@/shared/ui/Button";
import { Select } from "@/shared/ui/fields/Select";
import { type Compared, Letter } from "@/shared/ui/Letter";
import { ScrollRegion } from "@/shared/ui/ScrollRegion";
import { MetricTable } from "./MetricTable";
import { CurveGrid } from "./training/CurveGrid";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Runs side by side: figures, what differs between their graphs, curves. The others are compared with the oldest. */
export function Comparison({ runs, onBack }: { runs: Run[]; onBack: () => void }) {
  const byAge = [...runs].sort((a, b) => a.created - b.created);
  const graphs = useComparison(byAge.map((run) => run.id));
  const compared = byAge.map((run, index) => ({
    run,
    letter: LETTERS[index] ?? String(index + 1),
    color: RUN_COLORS[index % RUN_COLORS.length] ?? "--accent",
  }));
  return (
    <ScrollRegion label="Comparison" className="min-h-0 grow overflow-y-auto">
      <div className="sticky top-0 z-10 flex flex-wrap items-center gap-x-4 gap-y-1 border-b bg-panel px-3 py-1.5">
        <Button size="sm" variant="ghost" onClick={onBack}>
          <ArrowLeft aria-hidden className="size-3.5" /> All runs
        </Button>
        {compared.map(({ run, letter, color }) => (
          <span key={run.id} className="flex min-w-0 items-center gap-1.5 text-sm">
            <Letter letter={letter} color={color} />
            <span className="truncate">{run.name}</span>
          </span>
        ))}
      </div>
      <div className="flex flex-wrap items-start gap-4 p-3">
        <div className="flex min-w-[min(420px,100%)] max-w-full flex-[1_1_420px] flex-col gap-3">
          <Cautions runs={byAge} graphs={graphs} />
          <Differences compared={compared} graphs={graphs} />
          <MetricTable compared={compared} />
        </div>
        <div className="flex min-w-[min(420px,100%)] flex-[2_1_420px]">
          <CurveGrid runs={compared.map(({ run, letter }) => ({ id: run.id, name: letter }))} />
        </div>
        {compared.length > 1 && <Graphs compared={compared} graphs={graphs} />}
      </div>
    </ScrollRegion>
  );
}

/** Studies are rare and have a chunk of their own. */
async function repeat(networks: readonly Network[]): Promise<void> {
  (await import("@/features/studies/store/studyDraft")).compareNetworks(networks);
}

/** What a run's name ends with; a variant has all seeds. */
const SEED = / · seed \d+$/;

/** The networks of these runs, each once: runs that differ only in the seed are repeats. */
function networksOf(runs: readonly RunWithGraph[], types: Catalogue): Network[] {
  const own = runs.filter(({ graph }, place) =>
    runs.slice(0, place).every((before) => graphDifferences(before.graph, graph, types).length > 0),
  );
  return own.map(({ run, graph }) =>
    freshNetwork(`run ${run.id}`, run.name.replace(SEED, ""), "of a run", graph),
  );
}

function Cautions({ runs, graphs }: { runs: Run[]; graphs: ReadonlyMap<string, Graph> }) {
  const types = useCatalogue((state) => state.types);
  const known = runs.flatMap((run) => {
    const graph = graphs.get(run.id);
    return graph ? [{ run, graph }] : [];
  });
  const [first, ...others] = known;
  const blocking = first ? [...new Set(others.flatMap((other) => obstacles(first, other, types)))] : [];
  const differ = first && others.some((one) => graphDifferences(first.graph, one.graph, types).length > 0);
  return (
    <ul className="flex flex-col gap-1 text-sm">
      {blocking.map((text) => (
        <li key={text} className="flex gap-2 rounded-md bg-danger-soft px-2 py-1">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
          {text}
        </li>
      ))}
      {cautions(runs).map((text, place) => (
        <li key={text} className="flex flex-wrap items-center gap-x-2 rounded-md bg-warning-soft px-2 py-1">
          <TriangleAlert aria-hidden className="size-4 shrink-0 text-warning" />
          <span className="min-w-0 grow basis-48">{text}</span>
          {place === 0 && differ && blocking.length === 0 && (
            <Button size="sm" onClick={() => void repeat(networksOf(known, types))}>
              Run 5 seeds…
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The graph of the oldest run and that of another one as one picture. */
function Graphs({ compared, graphs }: { compared: Compared[]; graphs: ReadonlyMap<string, Graph> }) {
  const [first, ...others] = compared;
  const [selected, setSelected] = useState("");
  const other = others.find(({ run }) => run.id === selected) ?? others[0];
  if (!first || !other) return null;
  return (
    <div className="min-w-0 basis-full">
      <GraphPair key={other.run.id} before={graphs.get(first.run.id)} after={graphs.get(other.run.id)}>
        <span className="flex items-center gap-1.5 text-muted text-sm">
          from <Letter letter={first.letter} color={first.color} /> to
          <Letter letter={other.letter} color={other.color} />
          {others.length > 1 && (
            <span className="w-56">
              <Select
                label="Compare the graph with that of"
                value={other.run.id}
                onChange={setSelected}
                options={others.map(({ run, letter }) => ({
                  value: run.id,
                  label: `${letter}: ${run.name}`,
                }))}
              />
            </span>
          )}
        </span>
      </GraphPair>
    </div>
  );
}

function Differences({ compared, graphs }: { compared: Compared[]; graphs: ReadonlyMap<string, Graph> }) {
  const types = useCatalogue((state) => state.types);
  const [first, ...others] = compared;
  const before = first && graphs.get(first.run.id);
  if (!first || !before) return null;
  return (
    <section aria-label="Differences of the graphs" className="flex flex-col gap-1 text-sm">
      <h2 className="font-medium">What differs in the graph</h2>
      {others.map(({ run, letter, color }) => {
        const after = graphs.get(run.id);
        const found = after ? graphDifferences(before, after, types) : [];
        return (
          <div key={run.id} className="flex gap-2">
            <Letter letter={letter} color={color} />
            {found.length === 0 ? (
              <p className="text-muted">The same graph as {first.letter}.</p>
            ) : (
              <ul className="min-w-0">
                {found.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            )}
          </div>
        );
      })}
    </section>
  );
}
