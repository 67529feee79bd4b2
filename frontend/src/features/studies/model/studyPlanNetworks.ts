/** Whole networks that a study compares: versions of a graph, other graphs, the graphs of runs. */
import type { Graph, NewStudy } from "@/shared/api/types";

export interface Network {
  /** Identifies its origin, such as "version 3" or "run 7f3a". */
  key: string;
  /** Its name in the table of the study. */
  label: string;
  /** Its origin, in words. */
  origin: string;
  graph: Graph;
}

type Configurations = Extract<NewStudy["strategy"], { kind: "configurations" }>;

const LONGEST_LABEL = 200;

export const freshNetwork = (key: string, label: string, origin: string, graph: Graph): Network => ({
  key,
  label: label.slice(0, LONGEST_LABEL),
  origin,
  graph,
});

/** The strategy of selected networks; problems are reported under the network's key. */
export function configurationsOf(
  networks: readonly Network[],
  problems: Record<string, string>,
): Configurations {
  if (networks.length === 0) problems.strategy = "Select at least one network to compare with the baseline.";
  for (const { key, label } of networks) {
    if (networks.some((one) => one.key !== key && one.label.trim() === label.trim()))
      problems[`network:${key}`] = "Give each network a unique name.";
    if (label.trim() === "") problems[`network:${key}`] = "Give this network a name.";
  }
  const graphs = networks.map(({ label, graph }) => ({ label: label.trim(), graph }));
  return { kind: "configurations", graphs };
}

interface OfNetworks {
  kind: NewStudy["strategy"]["kind"];
  /** The network that the others are compared with; null for the open graph. */
  baseline: Network | null;
}

/** The graph that a study varies: the open one, unless it compares networks with another. */
export const baseOf = ({ kind, baseline }: OfNetworks, open: Graph): Graph =>
  kind === "configurations" && baseline ? baseline.graph : open;
