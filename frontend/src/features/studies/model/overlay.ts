/** The effects that a study measured, at the nodes of its parts. Pure. */

import { findNode } from "@/features/graph/model/document";
import type { Graph, Study, StudyResults, StudyRow } from "@/shared/api/types";
import { type VerdictTone, verdictLook } from "./studies";
import { interval, signed } from "./studyTable";

export interface Effect {
  /** The nodes of the open scope that were changed together. */
  nodes: string[];
  row: StudyRow;
  /** Other variants of the same nodes. */
  others: number;
  tone: VerdictTone;
  /** The difference relative to the largest one, from 0 to 1. */
  strength: number;
  text: string;
  /** Without the interval. */
  short: string;
  /** The same for screen readers. */
  description: string;
}

/** Sweeps and other networks have no parts. */
const ABOUT_PARTS = new Set([
  "leave_one_out",
  "leave_n_out",
  "leave_group_out",
  "add_one",
  "cumulative",
  "replace",
]);

/** Whether a study belongs to this graph: by its id or, where a script gave none, because all of its parts exist. */
export function isAbout(
  study: Pick<Study, "graph_id" | "variants">,
  graph: Graph,
  id: string | null,
): boolean {
  if (study.graph_id !== null) return study.graph_id === id;
  const parts = study.variants.flatMap((variant) => variant.parts);
  return parts.length > 0 && parts.every((part) => findNode(graph, part.split("/")[0] ?? part) !== undefined);
}

/** The effects at nodes of a scope, the largest where several variants change the same nodes. */
export function effectsOf(
  study: Pick<Study, "plan">,
  { variants }: Pick<StudyResults, "variants">,
  path: readonly string[],
): Effect[] {
  if (!ABOUT_PARTS.has(study.plan.strategy.kind)) return [];
  const largest = Math.max(0, ...variants.map((row) => Math.abs(row.delta ?? 0)));
  const found = new Map<string, Effect>();
  for (const row of variants) {
    const nodes = [...new Set(row.parts.flatMap((part) => inScope(part, path)))];
    // The minimal model changes all parts at once.
    if (nodes.length === 0 || row.role === "minimal") continue;
    const key = [...nodes].sort().join(" ");
    const next = effectOf(row, nodes, largest);
    const before = found.get(key);
    const shown = before && !isStronger(next, before) ? before : next;
    found.set(key, { ...shown, others: before ? before.others + 1 : 0 });
  }
  return [...found.values()];
}

/** The node of the open scope that a path leads to or through; repeats have numbers in it. */
function inScope(part: string, path: readonly string[]): string[] {
  const steps = part.split("/").filter((step) => !/^\d+$/.test(step));
  const inside = path.every((step, place) => steps[place] === step);
  const node = steps[path.length];
  return inside && node !== undefined ? [node] : [];
}

/** Removals from the full model before additions to the minimal one; then what differs more. */
function isStronger(one: Effect, other: Effect): boolean {
  const whole = ({ row }: Effect): number => Number(row.reference === "baseline");
  return whole(one) !== whole(other) ? whole(one) > whole(other) : one.strength > other.strength;
}

function effectOf(row: StudyRow, nodes: string[], largest: number): Effect {
  const look = verdictLook(row);
  const tone = look?.tone ?? "open";
  const known = {
    nodes,
    row,
    others: 0,
    tone,
    strength: largest > 0 ? Math.abs(row.delta ?? 0) / largest : 0,
  };
  if (row.delta === null) {
    const text = `${row.n} of ${row.planned} seeds`;
    return { ...known, text, short: `${row.n}/${row.planned}`, description: `${row.label}: ${text} so far` };
  }
  const ci = row.ci ? ` ${interval(row.ci, row.decimals)}` : "";
  const short = signed(row.delta, row.decimals);
  const text = `Δ ${short}${ci}`;
  return {
    ...known,
    text,
    short,
    description: `${row.label}: ${text}, ${look?.label ?? "no test"}. ${row.sentence}`,
  };
}
