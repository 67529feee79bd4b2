import { useMemo, useState } from "react";
import { compareGraphs, type Difference } from "@/features/graph/model/compare/diff";
import { CHANGE_LOOK } from "@/features/graph/model/drawing/card";
import { drawGraph } from "@/features/graph/model/drawing/drawing";
import { unionOf } from "@/features/graph/model/drawing/union";
import { pathTo, scopeOf } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import type { Graph } from "@/shared/api/types";
import { cn } from "@/shared/lib/cn";
import { plural } from "@/shared/lib/format";
import { Select } from "@/shared/ui/fields/Select";
import { DifferenceList } from "./DifferenceList";
import { GraphView } from "./GraphView";

const WHOLE = "whole";

interface GraphDifferenceProps {
  /** Null if nothing is compared. */
  before: Graph | null;
  after: Graph;
  /**
   * Embedded in a page that scrolls: it focuses on the differences, and the wheel zooms only while it has the
   * focus.
   */
  inPage?: boolean;
}

/** A graph as a picture; compared with another one, both as one with what was added, removed and changed. */
export function GraphDifference({ before, after, inPage = false }: GraphDifferenceProps) {
  const types = useCatalogue((state) => state.types);
  const [part, setPart] = useState(WHOLE);
  const [chosen, setChosen] = useState<Difference | null>(null);
  const differences = useMemo(
    () => (before ? compareGraphs(before, after, types) : []),
    [before, after, types],
  );
  const blocks = Object.entries(after.blocks).filter(([id]) => pathTo(after, id).length > 0);
  const block = blocks.some(([id]) => id === part) ? part : null;
  const drawing = useMemo(() => {
    if (!before) return drawGraph(scopeOf(after, pathTo(after, block)), types);
    const { graph, changes } = unionOf(before, after, differences, block, types);
    return drawGraph(graph, types, changes);
  }, [before, after, differences, block, types]);
  const focus = useMemo(() => {
    const looked = chosen ? [chosen] : inPage ? differences : [];
    return looked.flatMap((one) => (one.block === block && one.node !== null ? one.node : []));
  }, [chosen, inPage, differences, block]);
  const inside = (id: string | null): number => differences.filter((one) => one.block === id).length;
  const counted = (name: string, id: string | null): string =>
    inside(id) > 0 ? `${name} (${plural(inside(id), "change")})` : name;
  const parts = [
    { value: WHOLE, label: counted("The graph", null) },
    ...blocks.map(([id, { name }]) => ({ value: id, label: counted(`Inside ${name || id}`, id) })),
  ];
  return (
    <>
      {blocks.length > 0 && (
        <div className="w-64 shrink-0">
          <Select label="Shown part" value={block ?? WHOLE} onChange={setPart} options={parts} />
        </div>
      )}
      <GraphView
        drawing={drawing}
        label={before ? `The comparison, ${plural(differences.length, "change")}` : "The graph"}
        focus={focus}
        inPage={inPage}
      />
      {before && (
        <DifferenceList
          differences={differences}
          onShow={(difference) => {
            setPart(difference.block ?? WHOLE);
            setChosen(difference);
          }}
        />
      )}
    </>
  );
}

/** The legend of the marks in the picture. */
export function ChangeLegend({ className }: { className?: string }) {
  return (
    <span className={cn("flex gap-3 text-sm", className)}>
      {Object.entries(CHANGE_LOOK).map(([kind, { sign, color }]) => (
        <span key={kind} className="flex items-center gap-1">
          <span aria-hidden className="font-bold font-mono" style={{ color }}>
            {sign}
          </span>
          {kind}
        </span>
      ))}
    </span>
  );
}
