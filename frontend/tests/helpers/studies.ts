/** A study's table as the server gives it. */
import type { StudyResults, StudyRow } from "@/shared/api/types";

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
    stacked: 0,
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
