/** The server's report for the open scope: by the ids of that scope, with all repeats of a block combined. */

import type { Diagnostic, Graph, NodeReport, Report } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { findNode, nodeLabel } from "./document";
import { INPUTS, locateNode, type NodeLocation, OUTPUTS, type Path, scopeOf } from "./scope";

const known = new WeakMap<Report, { graph: Graph; byPath: Map<string, Report> }>();

/** Return the report of a scope; the same object for the same report, document and path. */
export function reportIn(report: Report | null, graph: Graph, path: Path): Report | null {
  if (!report) return null;
  if (path.length === 0 && Object.keys(graph.blocks).length === 0) return report;
  let all = known.get(report);
  if (all?.graph !== graph) {
    all = { graph, byPath: new Map() };
    known.set(report, all);
  }
  const key = JSON.stringify(path);
  const found = all.byPath.get(key) ?? madeOf(report, graph, path);
  all.byPath.set(key, found);
  return found;
}

function madeOf(report: Report, graph: Graph, path: Path): Report {
  // Without a prototype, so that a node with the id "__proto__" is one of its entries.
  const nodes: Report["nodes"] = Object.assign(Object.create(null), endReports(report, graph, path));
  for (const [id, one] of Object.entries(report.nodes)) {
    const place = locateNode(graph, id);
    if (!place || !isAt(place, path)) continue;
    const first = ownValue(nodes, place.node);
    nodes[place.node] = first ? { ...first, status: worse(first.status, one.status) } : one;
  }
  return { ...report, nodes, diagnostics: diagnosticsIn(report, graph, path) };
}

function isAt(place: NodeLocation, path: Path): boolean {
  return place.path.length === path.length && startsWith(place.path, path);
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, index) => path[index] === step);
}

const STATUSES: NodeReport["status"][] = ["disabled", "unused", "ok", "blocked", "error"];

function worse(a: NodeReport["status"], b: NodeReport["status"]): NodeReport["status"] {
  return STATUSES.indexOf(a) >= STATUSES.indexOf(b) ? a : b;
}

/** Return what enters at the ports of the open block, and what leaves. */
function endReports(report: Report, graph: Graph, path: Path): Report["nodes"] {
  const instance = path.at(-1);
  if (instance === undefined) return {};
  const outer = ownValue(reportIn(report, graph, path.slice(0, -1))?.nodes, instance);
  if (!outer) return {};
  const base = { ...outer, status: "ok" as const, parameters: null, flops: null, reads_input: false };
  return {
    [INPUTS]: { ...base, inputs: {}, outputs: outer.inputs },
    [OUTPUTS]: { ...base, inputs: outer.outputs, outputs: {} },
  };
}

function diagnosticsIn(report: Report, graph: Graph, path: Path): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const problem of report.diagnostics) {
    const place = problem.node === null ? null : locateNode(graph, problem.node);
    const here = place ? problemHere(problem, place, graph, path) : path.length === 0 ? problem : null;
    if (!here) continue;
    // Each repeat has the diagnostic of the first; one of them is enough.
    const key = JSON.stringify([
      here.code,
      place ?? here.node,
      here.port,
      place?.path.length ? "" : here.message,
    ]);
    if (!found.has(key)) found.set(key, here);
  }
  return [...found.values()];
}

/** Return a diagnostic at its node, or at the block that contains it. */
function problemHere(problem: Diagnostic, place: NodeLocation, graph: Graph, path: Path): Diagnostic | null {
  if (!startsWith(place.path, path)) return null;
  const block = place.path[path.length];
  if (block === undefined) return { ...problem, node: place.node };
  const inner = findNode(scopeOf(graph, place.path), place.node);
  const label = inner ? nodeLabel(inner) : place.node;
  const message = problem.message.includes(label) ? problem.message : `${label}: ${problem.message}`;
  return { ...problem, node: block, port: null, message };
}
