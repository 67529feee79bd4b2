/** Queries on the catalogue of node types. Nothing here refers to a type by name. */

import type { GraphNode, InputInfo, Json, NodeInfo, OutputInfo } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";

export type Catalogue = Readonly<Record<string, NodeInfo>>;

export type NamedInput = InputInfo & { name: string };

function inputs(info: NodeInfo, handles: boolean): NamedInput[] {
  return Object.entries(info.inputs)
    .filter(([, input]) => input.is_handle === handles)
    .map(([name, input]) => ({ ...input, name }));
}

interface Shape {
  ports: NamedInput[];
  params: NamedInput[];
  primary: NamedInput[];
}

const shapes = new WeakMap<NodeInfo, Shape>();

/** Return the ports, parameters and primary parameters; the same arrays for the same node type. */
export function shapeOf(info: NodeInfo): Shape {
  const known = shapes.get(info);
  if (known) return known;
  const params = inputs(info, false);
  const primary = info.primary.slice(0, 3).flatMap((name) => params.filter((param) => param.name === name));
  const shape = { ports: inputs(info, true), params, primary };
  shapes.set(info, shape);
  return shape;
}

export function findOutput(info: NodeInfo | undefined, name: string): OutputInfo | undefined {
  return info?.outputs.find((output) => output.name === name);
}

/** Return the value of a parameter: from the document, otherwise the default. */
export function paramValue(node: GraphNode, param: NamedInput): Json {
  return ownValue(node.params, param.name) ?? (Object.hasOwn(node.params, param.name) ? null : param.default);
}

/** Whether a parameter differs from its default. */
export function isChanged(node: GraphNode, param: NamedInput): boolean {
  return (
    Object.hasOwn(node.params, param.name) &&
    JSON.stringify(ownValue(node.params, param.name)) !== JSON.stringify(param.default)
  );
}

/** Return the display name of a parameter: its label, or "out_features" as "out features". */
export function paramLabel(param: NamedInput): string {
  return param.label || param.name.replaceAll("_", " ");
}

/** Format a value for display: "none", "empty", "on", "0.9, 0.999". */
export function valueText(value: Json): string {
  if (value === null) return "none";
  if (value === "") return "empty";
  if (Array.isArray(value) && value.length === 0) return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const KINDS = [
  ...["data", "input", "layer", "operation", "block", "model", "loss", "optimizer", "scheduler"],
  ...["training", "metric", "other"],
];
/** Among categories of one kind these come first, in this order. */
const CATEGORIES = [
  ...["Layers", "Convolution", "Pooling", "Normalization", "Activation", "Dropout", "Recurrent", "Attention"],
  ...["Shape", "Math", "Padding", "Distance"],
];

export interface CategoryGroup {
  category: string;
  kind: string;
  types: NodeInfo[];
}

/** Group the node types by category, in the order in which a network is built. */
export function byCategory(types: readonly NodeInfo[]): CategoryGroup[] {
  const groups = new Map<string, CategoryGroup>();
  for (const info of types) {
    const group = groups.get(info.category) ?? { category: info.category, kind: info.kind, types: [] };
    if (rank(KINDS, info.kind) < rank(KINDS, group.kind)) group.kind = info.kind;
    group.types.push(info);
    groups.set(info.category, group);
  }
  return [...groups.values()].sort(
    (a, b) =>
      rank(KINDS, a.kind) - rank(KINDS, b.kind) ||
      rank(CATEGORIES, a.category) - rank(CATEGORIES, b.category) ||
      a.category.localeCompare(b.category),
  );
}

function rank(order: readonly string[], item: string): number {
  const place = order.indexOf(item);
  return place < 0 ? order.length : place;
}

/**
 * Return the node types that match every word of the query, best first: exact name, start of the name,
 * initials (LN), start of a part (norm), any part of the name, category, description.
 */
export function searchTypes(types: readonly NodeInfo[], query: string): NodeInfo[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...types];
  const scored = types.flatMap((info) => {
    const whole = words.length > 1 ? scoreOf(info, words.join(" ")) : null;
    const scores = words.map((word) => scoreOf(info, word));
    if (scores.includes(null)) return [];
    return [{ info, score: whole ?? Math.max(...scores.map(Number)) }];
  });
  return scored.sort((a, b) => a.score - b.score || length(a.info) - length(b.info)).map(({ info }) => info);
}

const length = (info: NodeInfo): number => info.display_name.length;

/** Return how well a word matches, 0 is best; null if it does not match. */
function scoreOf(info: NodeInfo, word: string): number | null {
  const names = [info.type, info.display_name];
  const lower = names.map((name) => name.toLowerCase());
  const parts = names.flatMap((name) => name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+\w?/g) ?? []);
  const tests = [
    () => lower.includes(word),
    () => lower.some((name) => name.startsWith(word)),
    () => names.some((name) => initials(name).startsWith(word)),
    () => parts.some((part) => part.toLowerCase().startsWith(word)),
    () => lower.some((name) => name.includes(word)),
    () => info.category.toLowerCase().includes(word),
    () => info.description.toLowerCase().includes(word),
  ];
  const score = tests.findIndex((test) => test());
  return score < 0 ? null : score;
}

const initials = (name: string): string => name.replace(/[^A-Z0-9]/g, "").toLowerCase();
