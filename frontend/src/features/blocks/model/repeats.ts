/** Turn consecutive repeating layers into one block with a repeat count. */

import { makeBlock, whyNotBlock } from "@/features/graph/model/blocks/makeBlock";
import type { Catalogue } from "@/features/graph/model/catalogue";
import type { Edge, Graph, Report } from "@/shared/api/types";
import { foldRepeats, modelRows, type RowGroup } from "./modelRows";

/** The ids of each repeat, in the order of the data flow. */
export type Times = readonly (readonly string[])[];

export function timesOf({ rows, all, times }: RowGroup): Times {
  const ids = all.map((row) => row.node.id);
  return Array.from({ length: times }, (_, time) => ids.slice(time * rows.length, (time + 1) * rows.length));
}

/** Return all repeating layers of a graph that can become one block. */
export function foldable(graph: Graph, catalogue: Catalogue, report: Report | null): Times[] {
  return foldRepeats(modelRows(graph, catalogue, report))
    .filter((group) => group.times > 1)
    .map(timesOf)
    .filter((times) => whyNotRepeat(graph, catalogue, times) === null);
}

/** Return why these cannot become one repeating block, as a sentence; null if they can. */
export function whyNotRepeat(graph: Graph, catalogue: Catalogue, times: Times): string | null {
  const refused = whyNotBlock(graph, catalogue, new Set(times.flat()));
  if (refused) return refused;
  if (new Set(times.map((ids) => wiring(graph, ids))).size > 1) return "Their wires differ between repeats.";
  const ends = new Set(times.map((ids, time) => join(graph, ids, times[time + 1])));
  ends.delete(LAST);
  if (ends.size !== 1 || ends.has(null)) return "Only one wire may lead from each repeat to the next.";
  return whyNotEnds(graph, times, [...ends][0] ?? "");
}

/** Replace all of them with one block; only the seeds of its layers change. */
export function makeRepeat(
  graph: Graph,
  catalogue: Catalogue,
  times: Times,
  name: string,
): { graph: Graph; id: string } {
  const [first = [], ...others] = times;
  const gone = new Set(others.flat());
  const last = times.at(-1) ?? [];
  // Readers of the last repeat read the first instead, and so its block.
  const twin = new Map(last.map((id, place) => [id, first[place] ?? id]));
  const edges = graph.edges.flatMap((edge): Edge[] => {
    if (gone.has(edge.target)) return [];
    if (twin.has(edge.source)) return [{ ...edge, source: twin.get(edge.source) ?? edge.source }];
    return gone.has(edge.source) ? [] : [edge];
  });
  const groups = graph.groups
    .map((group) => ({ ...group, nodes: group.nodes.filter((id) => !gone.has(id)) }))
    .filter((group) => group.nodes.length > 0);
  const once = { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node.id)), edges, groups };
  const made = makeBlock(once, catalogue, new Set(first), name);
  const nodes = made.graph.nodes.map((node) =>
    node.id === made.id ? { ...node, params: { ...node.params, repeat: times.length } } : node,
  );
  return { ...made, graph: { ...made.graph, nodes } };
}

/** Return the inner wires, by the indices of their ends. */
function wiring(graph: Graph, ids: readonly string[]): string {
  const place = new Map(ids.map((id, index) => [id, index]));
  const wires = graph.edges.flatMap(({ source, source_output, target, target_input }) => {
    const [from, to] = [place.get(source), place.get(target)];
    return from === undefined || to === undefined ? [] : [[from, source_output, to, target_input].join(" ")];
  });
  return wires.sort().join(", ");
}

const LAST = "";

/** Return how one repeat leads to the next, by the indices of the ends; null if not by one output alone. */
function join(graph: Graph, ids: readonly string[], next: readonly string[] | undefined): string | null {
  if (!next) return LAST;
  const [inside, after] = [new Set(ids), new Set(next)];
  const out = graph.edges.filter((edge) => inside.has(edge.source) && !inside.has(edge.target));
  const into = graph.edges.filter((edge) => after.has(edge.target) && !after.has(edge.source));
  if (out.length !== into.length || out.some((edge) => !after.has(edge.target))) return null;
  const sources = new Set(out.map((edge) => `${ids.indexOf(edge.source)} ${edge.source_output}`));
  if (sources.size !== 1) return null;
  const targets = out.map((edge) => `${next.indexOf(edge.target)} ${edge.target_input}`).sort();
  return [...sources, ...targets].join(" > ");
}

/** Return why the wires into the first or out of the last repeat do not match those between repeats. */
function whyNotEnds(graph: Graph, times: Times, between: string): string | null {
  const [source, ...targets] = between.split(" > ");
  const [first, last] = [times[0] ?? [], times.at(-1) ?? []];
  const into = graph.edges.filter((edge) => first.includes(edge.target) && !first.includes(edge.source));
  const entered = into.map((edge) => `${first.indexOf(edge.target)} ${edge.target_input}`).sort();
  const left = graph.edges
    .filter((edge) => last.includes(edge.source) && !last.includes(edge.target))
    .map((edge) => `${last.indexOf(edge.source)} ${edge.source_output}`);
  const feeders = new Set(into.map((edge) => `${edge.source} ${edge.source_output}`));
  const enters = into.length === 0 || (feeders.size === 1 && entered.join() === targets.join());
  if (!enters || left.some((one) => one !== source))
    return "The wires of the first or last repeat differ from those between.";
  return null;
}
