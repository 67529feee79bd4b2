import { useMemo, useState } from "react";
import type { Graph, GraphVersion } from "@/api/types";
import { GraphView } from "@/components/drawing/GraphView";
import { Select } from "@/components/ui/Select";
import { compareGraphs, type Difference } from "@/lib/diff";
import { CHANGE_LOOK } from "@/lib/drawing/card";
import { drawGraph } from "@/lib/drawing/drawing";
import { unionOf } from "@/lib/drawing/union";
import { plural } from "@/lib/format";
import { pathTo, scopeOf } from "@/lib/scope";
import { type Against, type Choice, versionTitle } from "@/lib/versions";
import { useCatalogue } from "@/store/catalogue";
import { DifferenceList } from "./DifferenceList";

interface VersionViewProps {
  versions: GraphVersion[];
  shown: Choice;
  against: Against;
  onAgainst: (against: Against) => void;
  /** Null where nothing is compared, undefined while it is on its way. */
  before: Graph | null | undefined;
  after: Graph | null | undefined;
  error: Error | null;
}

/** A version as a picture; against another one, with what was added, removed and changed. */
export function VersionView(props: VersionViewProps) {
  const { versions, shown, against, onAgainst, before, after, error } = props;
  return (
    <div className="flex min-w-0 grow flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{nameOf(shown, versions)}</span>
        <span className="flex items-center gap-1.5 text-muted text-sm">
          compared with
          <span className="w-52">
            <Select
              label="Compare with"
              value={String(against)}
              onChange={(value) => onAgainst(/^\d+$/.test(value) ? Number(value) : (value as Against))}
              options={choices(shown, versions)}
            />
          </span>
        </span>
        {before && <Legend />}
      </div>
      {error ? (
        <p role="alert" className="py-10 text-center text-muted">
          {error.message}
        </p>
      ) : after && before !== undefined ? (
        <Picture before={before} after={after} />
      ) : (
        <p role="status" className="py-10 text-center text-muted">
          Loading…
        </p>
      )}
    </div>
  );
}

function nameOf(choice: Choice, versions: readonly GraphVersion[]): string {
  const version = versions.find((one) => one.version === choice);
  return version ? versionTitle(version) : "What is open now";
}

function choices(shown: Choice, versions: readonly GraphVersion[]) {
  return [
    { value: "present", label: shown === "present" ? "the newest version" : "what is open now" },
    { value: "previous", label: "the version before" },
    { value: "nothing", label: "nothing" },
    ...versions
      .filter(({ version }) => version !== shown)
      .map((version) => ({ value: String(version.version), label: versionTitle(version) })),
  ];
}

function Legend() {
  return (
    <span className="ml-auto flex gap-3 text-sm">
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

const WHOLE = "whole";

function Picture({ before, after }: { before: Graph | null; after: Graph }) {
  const types = useCatalogue((state) => state.types);
  const [part, setPart] = useState(WHOLE);
  const [focus, setFocus] = useState<Difference | null>(null);
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
        <div className="w-64">
          <Select label="Shown part" value={block ?? WHOLE} onChange={setPart} options={parts} />
        </div>
      )}
      <GraphView
        drawing={drawing}
        label={before ? `The comparison, ${plural(differences.length, "change")}` : "The graph"}
        focus={focus && focus.block === block ? focus.node : null}
      />
      {before && (
        <DifferenceList
          differences={differences}
          onShow={(difference) => {
            setPart(difference.block ?? WHOLE);
            setFocus(difference);
          }}
        />
      )}
    </>
  );
}
