/** The rules of an optimizer: which parameters of the model it trains differently, and how. */

import type { Graph, GraphNode, GroupReport, Json, NodeInfo, Report } from "@/shared/api/types";
import { formatNumber, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";
import { infoOf } from "./blocks/blockInfo";
import { type Catalogue, type NamedInput, paramValue, shapeOf } from "./catalogue";
import { nodeLabel } from "./document";
import { blockOf } from "./rewire";

/** As in the graph file: a field that is left out has its default. */
export type Rule = {
  select: string;
  match?: string;
  lr_factor?: number;
  weight_decay?: number | null;
  frozen?: boolean;
  optimizer?: string;
  lr?: number | null;
};

/** The widget of the parameter that holds rules. */
export const RULES = "groups";

export const SELECTORS: readonly { value: string; label: string }[] = [
  { value: "node", label: "A layer or block" },
  { value: "name", label: "A name pattern" },
  { value: "biases_and_norms", label: "Biases and norms" },
  { value: "matrices", label: "Hidden matrices" },
  { value: "embeddings", label: "Embeddings" },
  { value: "output", label: "Output layer" },
  { value: "rest", label: "All others" },
];

interface UsualRules {
  label: string;
  rules: readonly Rule[];
}

const USUAL: readonly UsualRules[] = [
  { label: "Freeze a layer", rules: [{ select: "node", frozen: true }] },
  { label: "Smaller learning rate for a layer", rules: [{ select: "node", lr_factor: 0.1 }] },
  {
    label: "No weight decay on biases and norms",
    rules: [{ select: "biases_and_norms", weight_decay: 0 }],
  },
  { label: "Muon for hidden matrices", rules: [{ select: "matrices", optimizer: "Muon" }] },
  {
    label: "AdamW for all but hidden matrices",
    rules: [{ select: "matrices" }, { select: "rest", optimizer: "AdamW" }],
  },
  { label: "A name pattern", rules: [{ select: "name" }] },
];

/** Return rules to begin with, for an optimizer of this type: those that name another one that there is. */
export function usualRules(types: Catalogue, own: string): UsualRules[] {
  const fits = ({ optimizer }: Rule): boolean =>
    !optimizer || (optimizer !== own && ownValue(types, optimizer)?.in_rules === true);
  return USUAL.filter(({ rules }) => rules.every(fits));
}

const DEFAULTS: Required<Omit<Rule, "select">> = {
  match: "",
  lr_factor: 1,
  weight_decay: null,
  frozen: false,
  optimizer: "",
  lr: null,
};

/** Return the rules of a parameter's value; what is not a rule is left out. */
export function rulesOf(value: Json): Rule[] {
  const items = Array.isArray(value) ? value : [];
  return items.flatMap((item) =>
    typeof item === "object" && item !== null && !Array.isArray(item) && typeof item.select === "string"
      ? [item as Rule]
      : [],
  );
}

/** Return rules as the value of a parameter. */
export const rulesValue = (rules: readonly Rule[]): Json => rules.map((rule) => ({ ...rule }));

/** Change a rule; fields with their default are left out. */
export function changeRule(rule: Rule, what: Partial<Rule>): Rule {
  const next = { ...rule, ...what };
  const stated = Object.entries(next).filter(
    ([name, value]) => name === "select" || value !== DEFAULTS[name as keyof typeof DEFAULTS],
  );
  return Object.fromEntries(stated) as Rule;
}

/** How a rule trains its parameters: "" as the node, "frozen", or the type of another optimizer. */
export const trainingOf = ({ frozen, optimizer }: Rule): string => (frozen ? "frozen" : (optimizer ?? ""));

/** Change how a rule trains; settings that no longer apply are left out. */
export function withTraining(rule: Rule, training: string): Rule {
  if (training === "frozen")
    return changeRule(rule, { frozen: true, optimizer: "", lr: null, lr_factor: 1, weight_decay: null });
  const same = training === (rule.optimizer ?? "");
  return changeRule(rule, {
    frozen: false,
    optimizer: training,
    ...(same ? {} : { lr: null, weight_decay: null, lr_factor: 1 }),
  });
}

export interface LayerOption {
  value: string;
  label: string;
  detail: string;
}

const DEEPEST = 8;

/** Return the layers and blocks with parameters, by their paths. */
export function layersWithParameters(
  graph: Graph,
  types: Catalogue,
  report: Report | null | undefined,
): LayerOption[] {
  const trained = new Set<string>();
  for (const [path, node] of Object.entries(report?.nodes ?? {}))
    if (node.parameters) trained.add(withoutRepeats(path));
  const found: LayerOption[] = [];
  const visit = (nodes: readonly GraphNode[], path: string, name: string, depth: number): void => {
    for (const node of nodes) {
      const id = path + node.id;
      const info = infoOf(graph, types, node);
      const known = trained.size > 0 ? trained.has(withoutRepeats(id)) : info?.kind === "layer";
      const label = name + nodeLabel(node);
      if (known) found.push({ value: id, label, detail: info?.display_name ?? node.type });
      const block = ownValue(graph.blocks, blockOf(node) ?? "");
      if (block && depth < DEEPEST) visit(block.nodes, `${id}/`, `${label}/`, depth + 1);
    }
  };
  visit(graph.nodes, "", "", 0);
  return found;
}

/** Return a path without the numbers of repeats: "encoder/0/fc" is "encoder/fc". */
const withoutRepeats = (path: string): string => path.replace(/\/\d+(?=\/|$)/g, "");

/** Return what a group is, such as "3 tensors, 70 parameters: AdamW, rate 0.001, decay 0.01". */
export function groupText({ tensors, parameters, optimizer, lr, weight_decay, frozen }: GroupReport): string {
  const size = `${plural(tensors, "tensor")}, ${plural(parameters, "parameter")}`;
  if (frozen) return `${size}: frozen`;
  const rate = lr === null ? "" : `, rate ${formatNumber(lr)}`;
  const decay = weight_decay === null ? "" : `, decay ${formatNumber(weight_decay)}`;
  return `${size}: ${optimizer}${rate}${decay}`;
}

/** Return a parameter of an optimizer type by name. */
export function optimizerParam(info: NodeInfo | undefined, name: string): NamedInput | undefined {
  return info && shapeOf(info).params.find((param) => param.name === name);
}

const FIELDS: readonly { field: keyof typeof DEFAULTS; label: string; input: Partial<NamedInput> }[] = [
  { field: "lr_factor", label: "learning-rate factor", input: { dtype: "FLOAT", min: 1e-12 } },
  { field: "weight_decay", label: "weight decay", input: { dtype: "FLOAT", min: 0, nullable: true } },
  { field: "frozen", label: "frozen", input: { dtype: "BOOL" } },
  { field: "optimizer", label: "optimizer", input: { dtype: "STRING" } },
  { field: "lr", label: "learning rate", input: { dtype: "FLOAT", min: 0, nullable: true } },
];

/** Return the fields of the rules of a node that a study can vary; each has its present value as default. */
export function ruleFields(node: GraphNode, param: NamedInput): NamedInput[] {
  return rulesOf(paramValue(node, param)).flatMap((rule, at) =>
    FIELDS.filter(({ field }) => field !== "lr" || rule.optimizer).map(({ field, label, input }) => ({
      ...param,
      many: false,
      length: null,
      widget: null,
      min: null,
      nullable: false,
      description: "",
      ...input,
      name: `${param.name}[${at}].${field}`,
      label: `rule ${at + 1}: ${label}`,
      default: rule[field] ?? DEFAULTS[field],
    })),
  );
}
