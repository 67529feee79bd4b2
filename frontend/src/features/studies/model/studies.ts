/** Studies in words: strategy, progress, verdicts; and parsing of seeds. */

import { metricLabel } from "@/features/runs/model/metrics";
import type { StrategyInfo, Study, StudyResults, StudyRow, StudyState } from "@/shared/api/types";
import { formatDuration, formatInt, plural } from "@/shared/lib/format";
import { ownValue } from "@/shared/lib/ownValue";

type Kind = Study["plan"]["strategy"]["kind"];

/** The server's description of the strategies, in the order in which they are offered. */
export type Strategies = readonly StrategyInfo[];

/** A strategy's label; its key until the labels have arrived. */
export const strategyLabel = (kind: Kind, strategies: Strategies): string =>
  strategies.find(({ key }) => key === kind)?.label ?? kind.replaceAll("_", " ");

/** A strategy in a few words, with its size: "Leave one out · 3 parts". */
export function strategyWords({ plan: { strategy } }: Pick<Study, "plan">, strategies: Strategies): string {
  const name = strategyLabel(strategy.kind, strategies);
  switch (strategy.kind) {
    case "leave_one_out":
    case "add_one":
      return `${name} · ${plural(strategy.nodes.length, "part")}`;
    case "leave_n_out":
      return `Leave ${strategy.n} out · ${plural(strategy.nodes.length, "part")}`;
    case "leave_group_out":
      return `${name} · ${plural(strategy.groups.length, "group")}`;
    case "cumulative":
      return `${name} · ${plural(strategy.order.length, "part")}`;
    case "replace":
      return `${name} · ${plural(strategy.alternatives.length, "alternative")}`;
    case "grid":
      return `${name} · ${strategy.factors.map((factor) => factor.values.length).join(" × ")}`;
    case "random":
    case "optuna":
      return `${name} · ${plural(strategy.trials, "trial")}`;
    case "configurations":
      return `${name} · ${plural(strategy.graphs.length, "network")}`;
  }
}

/** Whether it searches for the best of many: such differences are described, never tested. */
export const isSearch = ({ plan }: Pick<Study, "plan">): boolean =>
  plan.strategy.kind === "random" || plan.strategy.kind === "optuna";

const STATES: Record<StudyState, string> = {
  running: "Running",
  paused: "Paused",
  stopped: "Stopped",
  completed: "Completed",
};

export const studyStateLabel = (state: StudyState): string => STATES[state];

/** Whether it is training, or will be when it is resumed. */
export const isUnderWay = ({ state }: { state: StudyState }): boolean =>
  state === "running" || state === "paused";

/** "34 of 40 runs, 1 failed, 12 reused". */
export function countWords({ counts }: Pick<Study, "counts">): string {
  const { planned, completed, failed, reused } = counts;
  return [
    `${formatInt(completed)} of ${plural(planned, "run")}`,
    ...(failed > 0 ? [`${formatInt(failed)} failed`] : []),
    ...(reused > 0 ? [`${formatInt(reused)} reused`] : []),
  ].join(", ");
}

/** "about 3 min 05 s left" while it is training, else nothing. */
export function timeLeft({ state, seconds_left }: Pick<Study, "state" | "seconds_left">): string {
  if (state !== "running" || seconds_left === null) return "";
  return `about ${formatDuration(seconds_left)} left`;
}

/** Its progress, from 0 to 1. */
export function shareDone({ counts: { planned, completed, failed } }: Pick<Study, "counts">): number {
  return planned > 0 ? Math.min(1, (completed + failed) / planned) : 0;
}

/** "Test R², higher is better". */
export function aimWords(metric: string, direction: StudyResults["direction"]): string {
  return `${metricLabel(metric)}, ${direction === "minimize" ? "lower" : "higher"} is better`;
}

/** The studies that match a search: by name, graph, strategy, metric or state. */
export function searchStudies(studies: readonly Study[], search: string, strategies: Strategies): Study[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return studies.filter((study) => {
    const text = [
      study.name,
      study.graph_name,
      strategyWords(study, strategies),
      metricLabel(study.plan.metric),
      STATES[study.state],
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export type VerdictTone = "worse" | "better" | "same" | "open" | "problem";

interface VerdictLook {
  /** It carries the same meaning as the colour. */
  symbol: "▲" | "▼" | "≈" | "?" | "!";
  label: string;
  tone: VerdictTone;
}

const VERDICTS: Record<string, VerdictLook> = {
  worse: { symbol: "▼", label: "worse", tone: "worse" },
  better: { symbol: "▲", label: "better", tone: "better" },
  worse_within_margin: { symbol: "▼", label: "worse, within margin", tone: "worse" },
  better_within_margin: { symbol: "▲", label: "better, within margin", tone: "better" },
  negligible: { symbol: "≈", label: "negligible", tone: "same" },
  not_shown: { symbol: "?", label: "not shown", tone: "open" },
  unstable: { symbol: "!", label: "unstable", tone: "problem" },
  no_spread: { symbol: "?", label: "no spread, no test", tone: "open" },
  too_few: { symbol: "?", label: "too few pairs", tone: "open" },
};

/** How a verdict is shown; null where there is none. */
export function verdictLook({ verdict }: Pick<StudyRow, "verdict">): VerdictLook | null {
  if (verdict === null) return null;
  return ownValue(VERDICTS, verdict) ?? { symbol: "?", label: verdict.replaceAll("_", " "), tone: "open" };
}

/** `count` seeds that the study does not have: the smallest that follow. */
export function nextSeeds(known: readonly number[], count: number): number[] {
  const start = Math.max(-1, ...known) + 1;
  return Array.from({ length: count }, (_, index) => start + index);
}

/** Seeds as they are typed, "7, 9, 20-24"; a sentence where they are not valid. */
export function readSeeds(text: string, known: readonly number[]): { seeds: number[] } | { problem: string } {
  const seeds: number[] = [];
  for (const part of text.split(/[\s,;]+/).filter(Boolean)) {
    const [, from, to] = /^(\d{1,15})(?:[-–](\d{1,15}))?$/.exec(part) ?? [];
    if (from === undefined)
      return { problem: `“${part}” is not a seed: give whole numbers such as 7, 9 or 20-24.` };
    const [first, last] = [Number(from), Number(to ?? from)];
    if (last < first || last - first > MOST_SEEDS)
      return { problem: `“${part}” is not a range of at most ${MOST_SEEDS} seeds.` };
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  if (seeds.length === 0) return { problem: "Give at least one seed." };
  const double = seeds.find((seed, index) => known.includes(seed) || seeds.indexOf(seed) !== index);
  if (double !== undefined) return { problem: `Seed ${double} is already in the list.` };
  if (known.length + seeds.length > MOST_SEEDS)
    return { problem: `A study has at most ${MOST_SEEDS} seeds.` };
  return { seeds };
}

const MOST_SEEDS = 100;
