/** Questions to the catalogue of node types. Nothing here knows a type by name. */
import type { GraphNode, InputInfo, Json, NodeInfo, OutputInfo } from "@/api/types";

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

/** Ports, parameters and the parameters shown on the node; the same arrays for the same node type. */
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

/** The value a parameter has: what the document states, else the default. */
export function paramValue(node: GraphNode, param: NamedInput): Json {
  return node.params[param.name] ?? (param.name in node.params ? null : param.default);
}

/** Whether a parameter differs from its default. */
export function isChanged(node: GraphNode, param: NamedInput): boolean {
  return (
    param.name in node.params && JSON.stringify(node.params[param.name]) !== JSON.stringify(param.default)
  );
}

/** A parameter's name for people: its label, else "out_features" as "out features". */
export function paramLabel(param: NamedInput): string {
  return param.label || param.name.replaceAll("_", " ");
}

/** A value for people: "none", "empty", "on", "0.9, 0.999". */
export function valueText(value: Json): string {
  if (value === null) return "none";
  if (value === "") return "empty";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const KINDS = ["data", "layer", "operation", "model", "loss", "optimizer", "training", "metric", "other"];

export interface CategoryGroup {
  category: string;
  kind: string;
  types: NodeInfo[];
}

/** The node types by category, in the order in which a network is built. */
export function byCategory(types: readonly NodeInfo[]): CategoryGroup[] {
  const groups = new Map<string, CategoryGroup>();
  for (const info of types) {
    const group = groups.get(info.category) ?? { category: info.category, kind: info.kind, types: [] };
    if (rank(info.kind) < rank(group.kind)) group.kind = info.kind;
    group.types.push(info);
    groups.set(info.category, group);
  }
  return [...groups.values()].sort(
    (a, b) => rank(a.kind) - rank(b.kind) || a.category.localeCompare(b.category),
  );
}

function rank(kind: string): number {
  const place = KINDS.indexOf(kind);
  return place < 0 ? KINDS.length : place;
}

/** Node types whose name, category or description has every word of the query; names first. */
export function searchTypes(types: readonly NodeInfo[], query: string): NodeInfo[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...types];
  const scored = types.flatMap((info) => {
    const name = `${info.display_name} ${info.type}`.toLowerCase();
    const all = `${name} ${info.category} ${info.description}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) return [];
    const score = words.every((word) => name.includes(word)) ? (name.startsWith(words[0] ?? "") ? 0 : 1) : 2;
    return [{ info, score }];
  });
  return scored.sort((a, b) => a.score - b.score).map(({ info }) => info);
}
