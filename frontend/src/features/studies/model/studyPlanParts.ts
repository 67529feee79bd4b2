/** The parts of a graph that a study can vary: nodes (also inside blocks), groups, input columns; and parameters. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, type NamedInput, shapeOf } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { RULES, ruleFields } from "@/features/graph/model/parameterRules";
import { BLOCK, blockOf } from "@/features/graph/model/rewire";
import type { Graph, GraphNode, NodeInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { isStudyPart } from "./studyParts";
import type { PartDraft } from "./studyPlan";
import type { FindParam } from "./studyPlanValues";

export interface NodeChoice {
  /** Its path, such as "encoder/fc". */
  id: string;
  label: string;
  node: GraphNode;
  info: NodeInfo | undefined;
  /** Whether a study can remove it. */
  able: boolean;
}

interface GroupChoice {
  title: string;
  nodes: string[];
}

export interface Choices {
  nodes: ReadonlyMap<string, NodeChoice>;
  groups: readonly GroupChoice[];
}

const PARTS_OF_A_MODEL = ["layer", "operation", "block"];
/** Deeper nesting is ignored; a block that contains itself would not end. */
const DEEPEST = 8;
const MOST_PRESELECTED = 12;

export function choicesOf(graph: Graph, types: Catalogue): Choices {
  const nodes = new Map<string, NodeChoice>();
  const groups: GroupChoice[] = [];
  const visit = (
    inside: Pick<Graph, "nodes" | "groups">,
    path: string,
    name: string,
    depth: number,
  ): void => {
    for (const node of inside.nodes) {
      const info = infoOf(graph, types, node);
      const choice = { id: path + node.id, label: name + nodeLabel(node), node, info };
      nodes.set(choice.id, { ...choice, able: !node.disabled && isStudyPart(info) });
      const block = ownValue(graph.blocks, blockOf(node) ?? "");
      if (block && depth < DEEPEST) visit(block, `${choice.id}/`, `${choice.label}/`, depth + 1);
    }
    for (const group of inside.groups) {
      const able = group.nodes.map((id) => path + id).filter((id) => nodes.get(id)?.able);
      if (able.length > 0) groups.push({ title: name + (group.title || "Untitled group"), nodes: able });
    }
  };
  visit(graph, "", "", 0);
  return { nodes, groups };
}

/** The removable layers, operations and blocks at the top level, limited as a first selection. */
export function usualParts({ nodes }: Choices): PartDraft[] {
  return [...nodes.values()]
    .filter(
      ({ id, node, info, able }) => able && id === node.id && PARTS_OF_A_MODEL.includes(info?.kind ?? ""),
    )
    .slice(0, MOST_PRESELECTED)
    .map(({ id }) => ({ kind: "node", node: id }));
}

/** Whether a node reads columns of a table, some of which can be removed. */
export function hasColumns({ info }: NodeChoice): boolean {
  const params = info ? shapeOf(info).params : [];
  return params.some(({ widget }) => widget === "columns") && params.some(({ dtype }) => dtype === "DATASET");
}

/** The parameters of a node whose values a study can vary. */
export function variable(choice: NodeChoice | undefined): NamedInput[] {
  const params = choice?.info ? shapeOf(choice.info).params : [];
  return params
    .filter(({ dtype, widget }) => dtype !== "DATASET" && widget !== "layer")
    .flatMap((param) => (choice && param.widget === RULES ? ruleFields(choice.node, param) : [param]));
}

/** Parameters by node of a graph and by node type. */
export const finderOf = ({ nodes }: Choices, types: Catalogue): FindParam => ({
  ofNode: (node, param) => variable(nodes.get(node)).find(({ name }) => name === param),
  ofType: (type, param) => {
    const info = ownValue(types, type);
    return info && shapeOf(info).params.find(({ name }) => name === param);
  },
});

/** Types that may replace a node: those of a model, whether or not they fit. */
export function replacements(types: Catalogue): NodeInfo[] {
  return Object.values(types)
    .filter(({ kind, type }) => (kind === "layer" || kind === "operation") && type !== BLOCK)
    .sort((a, b) => a.display_name.localeCompare(b.display_name));
}
