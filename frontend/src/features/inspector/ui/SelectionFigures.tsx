import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openReport, openScope, useGraph } from "@/features/graph/store/graph";
import type { GraphNode } from "@/shared/api/types";
import { formatCount, formatInt } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { Section } from "./Section";

/** The types and total size of the selected nodes. */
export function SelectionFigures({ nodes }: { nodes: readonly GraphNode[] }) {
  const report = useGraph(openReport);
  const sum = (key: "parameters" | "flops"): number =>
    nodes.reduce((total, node) => total + (ownValue(report?.nodes, node.id)?.[key] ?? 0), 0);
  const parameters = sum("parameters");
  const flops = sum("flops");
  return (
    <Section title="Total">
      <Types nodes={nodes} />
      {parameters + flops > 0 && (
        <dl className="grid grid-cols-[1fr_auto] gap-y-1 text-sm">
          <dt className="text-muted">Parameters</dt>
          <dd className="text-right tabular-nums">{formatInt(parameters)}</dd>
          <dt className="text-muted">FLOPs per sample</dt>
          <dd className="text-right tabular-nums" title={formatInt(flops)}>
            {formatCount(flops)}
          </dd>
        </dl>
      )}
    </Section>
  );
}

function Types({ nodes }: { nodes: readonly GraphNode[] }) {
  const scope = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const name = infoOf(scope, types, node)?.display_name ?? node.type;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const listed = [...counts].sort((a, b) => b[1] - a[1]);
  return (
    <p className="wrap-anywhere text-sm">
      {listed.map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(", ")}
    </p>
  );
}
