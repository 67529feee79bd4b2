/** A study while it is being defined: the draft of the form, and the plan that results from it. */

import { parseColumns } from "@/features/datasets/model/columns";
import type { Json, NewStudy, StudyPreview, StudyVariant } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { readSeeds } from "./studies";
import { configurationsOf, type Network } from "./studyPlanNetworks";
import { type FindParam, readParams, readValues } from "./studyPlanValues";

export type Kind = NewStudy["strategy"]["kind"];
export type How = StudyVariant["offers"][number];
type Strategy = NewStudy["strategy"];
type Part = Extract<Strategy, { kind: "leave_one_out" }>["nodes"][number];
type GroupPart = Extract<Strategy, { kind: "leave_group_out" }>["groups"][number];
export type Sampler = NonNullable<Extract<Strategy, { kind: "optuna" }>["sampler"]>;

export interface GroupDraft {
  kind: "group";
  title: string;
  nodes: string[];
  /** Whether one linear replacement layer replaces all of them. */
  whole?: boolean;
}

export type PartDraft =
  | { kind: "node"; node: string }
  | GroupDraft
  | { kind: "columns"; node: string; text: string };

export interface AlternativeDraft {
  id: number;
  type: string;
  /** "name=value, name=value" */
  params: string;
}

export interface FactorDraft {
  id: number;
  node: string;
  param: string;
  /** Values between two bounds instead of listed ones; only where a search may draw them. */
  between: boolean;
  values: string;
  low: number | null;
  high: number | null;
  log: boolean;
  integer: boolean;
}

export interface StudyDraft {
  kind: Kind;
  parts: PartDraft[];
  n: number;
  alsoLeaveOut: boolean;
  /** The node that is replaced. */
  target: string;
  alternatives: AlternativeDraft[];
  factors: FactorDraft[];
  /** Networks that are compared with the baseline; null for it is the open graph. */
  networks: Network[];
  baseline: Network | null;
  trials: number;
  sampler: Sampler;
  /** Of the draw or the search, not of the trainings. */
  drawSeed: number;
  how: Record<string, How>;
  seeds: string;
  /** Null until it is known what a run measures. */
  metric: string | null;
  select: "last" | "best";
  margin: number | null;
  name: string;
  reuse: boolean;
  batchSeeds: boolean;
  skipInvalid: boolean;
}

export const EXPLORATORY = "0-4";
export const PUBLICATION = "0-9";

export const freshDraft = (parts: PartDraft[] = []): StudyDraft => ({
  kind: "leave_one_out",
  parts,
  n: 2,
  alsoLeaveOut: true,
  target: "",
  alternatives: [{ id: 1, type: "", params: "" }],
  factors: [freshFactor([])],
  networks: [],
  baseline: null,
  trials: 20,
  sampler: "tpe",
  drawSeed: 0,
  how: {},
  seeds: EXPLORATORY,
  metric: null,
  select: "last",
  margin: null,
  name: "",
  reuse: true,
  batchSeeds: true,
  skipInvalid: false,
});

const nextId = (rows: readonly { id: number }[]): number => Math.max(0, ...rows.map(({ id }) => id)) + 1;

export const freshFactor = (rows: readonly FactorDraft[]): FactorDraft => ({
  id: nextId(rows),
  node: "",
  param: "",
  between: true,
  values: "",
  low: null,
  high: null,
  log: false,
  integer: false,
});

export const freshAlternative = (rows: readonly AlternativeDraft[]): AlternativeDraft => ({
  id: nextId(rows),
  type: "",
  params: "",
});

/** Identifies a part, also in the keys of problems. */
export function partKey(part: PartDraft): string {
  if (part.kind === "node") return part.node;
  return part.kind === "columns" ? `columns:${part.node}` : `group:${part.title}:${part.nodes.join(",")}`;
}

/** Accuracy or R² on the test data, else on the validation data; else another validation metric. */
export function defaultMetric(metrics: readonly string[]): string | null {
  const patterns = [/^test_(accuracy|r2)$/, /^val_(accuracy|r2)$/, /^val_/, /./];
  for (const pattern of patterns) {
    const found = metrics.find((metric) => pattern.test(metric));
    if (found) return found;
  }
  return null;
}

/** Every run measures this one; the others are not known before a first preview. */
const ALWAYS_THERE = "train_loss";

/** What is not valid, one sentence each, by its field or row. */
export type Problems = Readonly<Record<string, string>>;
export type Made = { plan: NewStudy; problems: null } | { plan: null; problems: Problems };

/** The plan that a draft makes, without its graph. */
export function planOf(draft: StudyDraft, find: FindParam): Made {
  const problems = Object.create(null) as Record<string, string>; // a node may be called "__proto__"
  const strategy = strategyOf(draft, find, problems);
  const seeds = readSeeds(draft.seeds, []);
  if ("problem" in seeds) problems.seeds = seeds.problem;
  if (Object.keys(problems).length > 0 || !strategy || "problem" in seeds) return { plan: null, problems };
  const { metric, select, margin, name, reuse, batchSeeds, skipInvalid } = draft;
  const plan: NewStudy = {
    name: name.trim(),
    strategy,
    seeds: seeds.seeds,
    metric: metric ?? ALWAYS_THERE,
    select,
    margin,
    how: howOf(draft),
    reuse,
    batch_seeds: batchSeeds,
    skip_invalid: skipInvalid,
  };
  return { plan, problems: null };
}

/** Only for existing parts: the choice for a removed part is kept in case it is added again. */
function howOf({ parts, how }: StudyDraft): Record<string, How> {
  const nodes = parts.flatMap((part) =>
    part.kind === "node" ? [part.node] : part.kind === "group" ? part.nodes : [],
  );
  return Object.fromEntries(
    nodes.flatMap((node) => {
      const selected = ownValue(how, node);
      return selected ? [[node, selected] as const] : [];
    }),
  );
}

type Refuse = Record<string, string>;

function strategyOf(draft: StudyDraft, find: FindParam, problems: Refuse): Strategy | null {
  const { kind } = draft;
  switch (kind) {
    case "replace":
      return replaceOf(draft, find, problems);
    case "grid":
    case "random":
    case "optuna":
      return sweepOf(draft, find, problems);
    case "leave_group_out":
      return groupsOf(draft, problems);
    case "configurations":
      return configurationsOf(draft.networks, problems);
    default:
      return partsOf(draft, problems);
  }
}

function partsOf(draft: StudyDraft, problems: Refuse): Strategy | null {
  const nodes = draft.parts.map((part) => partOf(part, problems));
  const { kind, n } = draft;
  if (nodes.length === 0) problems.strategy = "Select at least one part of the network.";
  else if (kind === "leave_n_out" && n > nodes.length)
    problems.strategy = `${n} parts cannot be removed at once: there are only ${nodes.length}.`;
  if (kind === "leave_n_out") return { kind, nodes, n };
  if (kind === "add_one") return { kind, nodes, leave_one_out: draft.alsoLeaveOut };
  if (kind === "cumulative") return { kind, order: nodes };
  return { kind: "leave_one_out", nodes };
}

function partOf(part: PartDraft, problems: Refuse): Part {
  if (part.kind === "node") return part.node;
  if (part.kind === "group") return groupOf(part);
  const columns = parseColumns(part.text);
  if (columns.length === 0) problems[partKey(part)] = "Name at least one input column.";
  return { node: part.node, columns, title: "" };
}

const groupOf = ({ title, nodes, whole }: GroupDraft): GroupPart => ({
  title,
  nodes,
  how: whole ? "plain" : "each",
});

function groupsOf({ parts }: StudyDraft, problems: Refuse): Strategy | null {
  const groups = parts.flatMap((part) => (part.kind === "group" ? [groupOf(part)] : []));
  if (groups.length === 0) problems.strategy = "Select at least one group.";
  return { kind: "leave_group_out", groups };
}

function replaceOf({ target, alternatives }: StudyDraft, find: FindParam, problems: Refuse): Strategy | null {
  if (!target) problems.strategy = "Select the node to replace.";
  const made = alternatives.map(({ id, type, params }) => {
    const read = readParams(params, (name) => find.ofType(type, name), type);
    if (!type) problems[`alternative:${id}`] = "Select a node type.";
    else if ("problem" in read) problems[`alternative:${id}`] = read.problem;
    return { type, params: "params" in read ? read.params : {}, label: "" };
  });
  if (made.length === 0) problems.strategy = "Give at least one alternative.";
  return { kind: "replace", node: target, alternatives: made };
}

function sweepOf(draft: StudyDraft, find: FindParam, problems: Refuse): Strategy | null {
  const { factors, trials, sampler, drawSeed: seed } = draft;
  if (factors.length === 0) problems.strategy = "Select at least one parameter.";
  const twice = factors.find(({ node, param, id }) =>
    factors.some((one) => one.id < id && one.node === node && one.param === param && node !== ""),
  );
  if (twice) problems[`factor:${twice.id}`] = "This parameter is already in the study.";
  if (draft.kind === "grid") {
    const listed = factors.map((factor) => ({
      ...where(factor, problems),
      ...valuesOf(factor, find, problems),
    }));
    return { kind: "grid", factors: listed };
  }
  const drawn = factors.map((factor) => ({
    ...where(factor, problems),
    ...(factor.between ? boundsOf(factor, problems) : { ...valuesOf(factor, find, problems), ...NO_BOUNDS }),
  }));
  if (draft.kind === "random") return { kind: "random", factors: drawn, trials, seed };
  return { kind: "optuna", factors: drawn, trials, sampler, seed };
}

const NO_BOUNDS = { log: false, integer: false };

function where({ id, node, param }: FactorDraft, problems: Refuse): { node: string; param: string } {
  if (!node || !param) problems[`factor:${id}`] ??= "Select a node and one of its parameters.";
  return { node, param };
}

function valuesOf(
  { id, node, param, values }: FactorDraft,
  find: FindParam,
  problems: Refuse,
): { values: Json[] } {
  const read = readValues(values, find.ofNode(node, param));
  if ("problem" in read) problems[`factor:${id}`] ??= read.problem;
  return { values: "values" in read ? read.values : [] };
}

function boundsOf({ id, low, high, log, integer }: FactorDraft, problems: Refuse) {
  const sentence =
    low === null || high === null
      ? "Give the lowest and the highest value."
      : low >= high
        ? "The lowest value must be below the highest."
        : log && low <= 0
          ? "On a logarithmic scale both values must be above 0."
          : null;
  if (sentence) problems[`factor:${id}`] ??= sentence;
  return { low, high, log, integer };
}

/** Why a study cannot start with this preview, as a sentence; null where it can. */
export function whyNotStart(draft: StudyDraft, { variants, runs }: StudyPreview): string | null {
  const invalid = variants.filter((variant) => !variant.valid).length;
  const searches = draft.kind === "optuna";
  if (variants.length - invalid < 2 && !searches) return "No variant of it can be trained.";
  if (invalid > 0 && !draft.skipInvalid)
    return `${invalid === 1 ? "One variant" : `${invalid} variants`} cannot be trained.`;
  const different = variants.filter(({ valid, same_as }) => valid && !same_as).length;
  if (different < 2 && !searches) return "Every variant is the same network as the baseline.";
  return runs === 0 && !draft.reuse ? "There is nothing to train." : null;
}
