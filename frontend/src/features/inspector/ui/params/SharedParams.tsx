import { sharedParams } from "@/features/graph/model/params";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import type { GraphNode } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { Section } from "../Section";
import { ParamRow } from "./ParamRow";

/** The parameters that several nodes share, in one form: a commit changes all of them in one step. */
export function SharedParams({ nodes }: { nodes: readonly GraphNode[] }) {
  const scope = useGraph(openScope);
  const types = useCatalogue((state) => state.types);
  const shared = sharedParams(scope, types, nodes);
  if (shared.length === 0) {
    return (
      <Section title="Shared parameters">
        <p className="text-muted text-sm">These nodes have no parameter in common.</p>
      </Section>
    );
  }
  return (
    <Section title="Shared parameters">
      {shared.map(({ key, targets, ...rest }) => (
        <ParamRow
          // A new form for other nodes: text typed for these must not apply to those.
          key={`${key} ${targets.map(({ node }) => node.id).join(" ")}`}
          id={`shared-${key}`}
          targets={targets}
          {...rest}
          aside={
            <span
              title={targets.map(({ node }) => node.name || node.id).join(", ")}
              className="shrink-0 text-muted text-xs tabular-nums"
            >
              {targets.length === nodes.length
                ? `all ${nodes.length}`
                : `${targets.length} of ${plural(nodes.length, "node")}`}
            </span>
          }
        />
      ))}
    </Section>
  );
}
