/** A study's table as the server gives it. */
import type { StrategyInfo, StudyResults, StudyRow } from "@/shared/api/types";

export function resultsOf(variants: StudyRow[], rest: Partial<StudyResults> = {}): StudyResults {
  return {
    state: "completed",
    metric: "test_r2",
    direction: "maximize",
    baseline: rowOf("baseline", { role: "baseline", reference: null }),
    variants,
    effects: [],
    dependence: [],
    best: null,
    notes: [],
    caption: "",
    methods: "",
    ...rest,
  };
}

export function rowOf(key: string, rest: Partial<StudyRow> = {}): StudyRow {
  return {
    key,
    label: key,
    role: "variant",
    edits: [],
    params: {},
    parts: [],
    how: "",
    reference: "baseline",
    n: 5,
    planned: 5,
    failed: 0,
    reused: 0,
    batched: 0,
    inexact: 0,
    mean: 0.5,
    sd: 0.1,
    values: {},
    secondary: {},
    parameters: null,
    flops: null,
    seconds: null,
    reset: [],
    decimals: 2,
    pairs: 5,
    delta: null,
    differences: {},
    ci: null,
    p: null,
    p_holm: null,
    p_t: null,
    p_t_holm: null,
    p_worse: null,
    effect_size: null,
    verdict: null,
    sentence: "",
    ...rest,
  };
}

/** The server's description of the strategies. */
export const STRATEGIES: StrategyInfo[] = [
  { key: "leave_one_out", label: "Leave one out", help: "Removes each part on its own.", tested: true },
  { key: "leave_n_out", label: "Leave n out", help: "Removes every combination of n parts.", tested: true },
  {
    key: "leave_group_out",
    label: "Leave group out",
    help: "Removes the nodes of each group together.",
    tested: true,
  },
  {
    key: "add_one",
    label: "Add one",
    help: "Removes all parts, then adds each on its own to this minimal model.",
    tested: true,
  },
  {
    key: "cumulative",
    label: "Cumulative",
    help: "Removes one part after the other and compares each step with the previous one.",
    tested: true,
  },
  {
    key: "replace",
    label: "Replace",
    help: "Replaces one node by each of several alternatives.",
    tested: true,
  },
  {
    key: "grid",
    label: "Grid",
    help: "Trains every combination of the values of some parameters.",
    tested: true,
  },
  {
    key: "random",
    label: "Random search",
    help: "Draws combinations of parameter values at random.",
    tested: false,
  },
  {
    key: "optuna",
    label: "Optuna search",
    help: "Lets Optuna suggest each trial from the results of the earlier ones.",
    tested: false,
  },
  {
    key: "configurations",
    label: "Configurations",
    help: "Compares versions of this graph, or other graphs, with the baseline.",
    tested: true,
  },
];
