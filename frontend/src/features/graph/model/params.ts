/** Parameters of one or several nodes: edits of the document, and what several nodes share. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import type { Graph, GraphNode, Json } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { type Catalogue, isChanged, type NamedInput, paramValue, shapeOf } from "./catalogue";

/** A parameter of one node, as that node's type defines it. */
export interface ParamTarget {
  node: GraphNode;
  param: NamedInput;
}

const same = (a: Json | undefined, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

type Params = GraphNode["params"];

/** Set all of these to a value; a default is not stored in the node. */
export function setParams(graph: Graph, targets: readonly ParamTarget[], value: Json): Graph {
  return withParams(graph, targets, (params, { name, default: usual }) => {
    if (same(Object.hasOwn(params, name) ? ownValue(params, name) : usual, value)) return params;
    return same(usual, value) ? without(params, name) : { ...params, [name]: value };
  });
}

/** Reset these to their defaults: the parameters are no longer stored. */
export function resetParams(graph: Graph, targets: readonly ParamTarget[]): Graph {
  return withParams(graph, targets, (params, { name }) => without(params, name));
}

function without(params: Params, name: string): Params {
  if (!Object.hasOwn(params, name)) return params;
  const { [name]: _dropped, ...rest } = params;
  return rest;
}

function withParams(
  graph: Graph,
  targets: readonly ParamTarget[],
  change: (params: Params, param: NamedInput) => Params,
): Graph {
  const byNode = groupBy(targets, ({ node }) => node.id);
  const nodes = graph.nodes.map((node) => {
    const ofNode = byNode.get(node.id) ?? [];
    const params = ofNode.reduce((now, { param }) => change(now, param), node.params);
    return params === node.params ? node : { ...node, params };
  });
  return nodes.every((node, place) => node === graph.nodes[place]) ? graph : { ...graph, nodes };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Return the parameters that differ from their defaults, except those that select the data of a node. */
export function changedParams(node: GraphNode, params: readonly NamedInput[]): ParamTarget[] {
  return params
    .filter((param) => param.widget === null && isChanged(node, param))
    .map((param) => ({ node, param }));
}

/** A parameter that several nodes have. */
export interface SharedParam {
  /** Unique among the shared parameters. */
  key: string;
  /** With the range that all of them allow. */
  param: NamedInput;
  targets: [ParamTarget, ...ParamTarget[]];
  /** The value of the first of them. */
  value: Json;
  /** Whether the others have different values. */
  mixed: boolean;
  /** Whether all have the same default. */
  oneDefault: boolean;
}

/** Parameters that a shared control cannot set: columns of a dataset, a layer of the same scope. */
const OWN = new Set(["columns", "layer", "block"]);

/** Return the parameters that at least two of these nodes have, by name and type, most common first. */
export function sharedParams(graph: Graph, catalogue: Catalogue, nodes: readonly GraphNode[]): SharedParam[] {
  const targets = nodes.flatMap((node) => {
    const info = infoOf(graph, catalogue, node);
    const params = info ? shapeOf(info).params : [];
    return params.filter(({ widget }) => !OWN.has(widget ?? "")).map((param) => ({ node, param }));
  });
  return [...groupBy(targets, ({ param }) => typeKey(param)).values()]
    .sort((a, b) => b.length - a.length)
    .flatMap(([first, ...others], place) =>
      first && others.length > 0 ? [shared(`${place}-${first.param.name}`, [first, ...others])] : [],
    );
}

function typeKey({ name, dtype, widget, many, length, single, words, choices }: NamedInput): string {
  return JSON.stringify([name, dtype, widget, many, length, single, words, choices]);
}

function shared(key: string, targets: SharedParam["targets"]): SharedParam {
  const [first] = targets;
  const { param } = first;
  const value = paramValue(first.node, param);
  const lows = targets.flatMap((target) => target.param.min ?? []);
  const highs = targets.flatMap((target) => target.param.max ?? []);
  return {
    key,
    param: {
      ...param,
      nullable: targets.every((target) => target.param.nullable),
      min: lows.length > 0 ? Math.max(...lows) : null,
      max: highs.length > 0 ? Math.min(...highs) : null,
    },
    targets,
    value,
    mixed: targets.some((target) => !same(paramValue(target.node, target.param), value)),
    oneDefault: targets.every((target) => same(target.param.default, param.default)),
  };
}
