import { type NamedInput, paramValue } from "@/features/graph/model/catalogue";
import type { Diagnostic, GraphNode } from "@/shared/api/types";
import { ExposeToggle } from "./ExposeToggle";
import { ParamRow } from "./ParamRow";

interface ParamFieldProps {
  node: GraphNode;
  param: NamedInput;
  problem: Diagnostic | undefined;
}

/** A parameter of one node, in the panel. */
export function ParamField({ node, param, problem }: ParamFieldProps) {
  return (
    <ParamRow
      id={`param-${node.id}-${param.name}`}
      param={param}
      targets={[{ node, param }]}
      value={paramValue(node, param)}
      problem={problem}
      aside={<ExposeToggle node={node} param={param} />}
    />
  );
}
