import { useMemo, useState } from "react";
import type { Graph } from "@/api/types";
import { Select } from "@/components/ui/Select";
import { cn } from "@/lib/cn";
import { compareGraphs, type Difference } from "@/lib/diff";
import { CHANGE_LOOK } from "@/lib/drawing/card";
import { drawGraph } from "@/lib/drawing/drawing";
import { unionOf } from "@/lib/drawing/union";
import { plural } from "@/lib/format";
import { pathTo, scopeOf } from "@/lib/scope";
import { useCatalogue } from "@/store/catalogue";
import { DifferenceList } from "./DifferenceList";
import { GraphView } from "./GraphView";

const WHOLE = "whole";

interface GraphDifferenceProps {
  /** Null where nothing is compared. */
  before: Graph | null;
  after: Graph;
  /** It stands in a page that scrolls: it looks at what differs, and the wheel zooms once it has the focus. */
  inPage?: boolean;
}

/** A graph as a picture; against another one, both as one with what was added, removed and changed. */
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

/** What the marks in the picture mean. */
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
