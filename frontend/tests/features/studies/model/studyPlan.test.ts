import { describe, expect, it } from "vitest";
import type { NamedInput } from "@/features/graph/model/catalogue";
import {
  defaultMetric,
  freshDraft,
  freshFactor,
  planOf,
  type StudyDraft,
  whyNotStart,
} from "@/features/studies/model/studyPlan";
import {
  type Choices,
  choicesOf,
  finderOf,
  usualParts,
  variable,
} from "@/features/studies/model/studyPlanParts";
import { type FindParam, readParams, readValues } from "@/features/studies/model/studyPlanValues";
import type { Graph, NodeInfo, StudyPreview } from "@/shared/api/types";
import { input as inputInfo } from "../../../helpers/catalogue";

const input = (name: string, more: Partial<NamedInput>): NamedInput => ({
  ...inputInfo("FLOAT", { required: false, ...more }),
  name,
});

const WIDTH = input("out_features", { dtype: "INT", min: 1 });
const BIAS = input("bias", { dtype: "BOOL" });
const MODE = input("mode", { dtype: "STRING", choices: ["zeros", "reflect"] });
const KERNEL = input("kernel_size", { dtype: "INT", many: true, single: true, length: 2, min: 1 });

const nothing: FindParam = { ofNode: () => undefined, ofType: () => undefined };
const known: FindParam = {
  ofNode: () => WIDTH,
  ofType: (_type, name) => [WIDTH, BIAS].find((p) => p.name === name),
};

const node = (id: string) => ({ kind: "node" as const, node: id });
const draft = (change: Partial<StudyDraft>): StudyDraft => ({ ...freshDraft([node("relu1")]), ...change });
const strategy = (change: Partial<StudyDraft>, find = nothing) => planOf(draft(change), find).plan?.strategy;
const problems = (change: Partial<StudyDraft>, find = nothing) => planOf(draft(change), find).problems;

describe("values that are listed", () => {
  it("are numbers, arithmetic too, in the type of the parameter", () => {
    expect(readValues("0.1, 1e-2; 2*4", input("lr", {}))).toEqual({ values: [0.1, 0.01, 8] });
    expect(readValues("16, 32", WIDTH)).toEqual({ values: [16, 32] });
    expect(readValues("0.5", WIDTH)).toHaveProperty("problem");
  });

  it("are switches, choices and none", () => {
    expect(readValues("on, off", BIAS)).toEqual({ values: [true, false] });
    expect(readValues("maybe", BIAS)).toEqual({ problem: "bias is on or off, not “maybe”." });
    expect(readValues("reflect, zeros", MODE)).toEqual({ values: ["reflect", "zeros"] });
    expect(readValues("round", MODE)).toEqual({ problem: "mode is one of zeros, reflect, not “round”." });
    expect(readValues("none, 2", input("momentum", { nullable: true }))).toEqual({ values: [null, 2] });
  });

  it("keep what stands in brackets together", () => {
    expect(readValues("[3, 3], 5", KERNEL)).toEqual({ values: [[3, 3], 5] });
  });

  it("stand once, and there is one at least", () => {
    expect(readValues("1, 1.0", input("p", {}))).toEqual({ problem: "1.0 is given twice." });
    expect(readValues(" , ", BIAS)).toEqual({ problem: "List at least one value." });
    expect(readValues(Array.from({ length: 101 }, (_, i) => i).join(), WIDTH)).toHaveProperty("problem");
  });

  it("are guessed for a parameter that is not known", () => {
    expect(readValues('3, on, relu, "a, b", none', undefined)).toEqual({
      values: [3, true, "relu", "a, b", null],
    });
  });
});

describe("parameters of an alternative", () => {
  const find = (name: string) => known.ofType("Linear", name);

  it("are read by name", () => {
    expect(readParams("out_features = 2*8, bias=off", find, "Linear")).toEqual({
      params: { out_features: 16, bias: false },
    });
    expect(readParams("", find, "Linear")).toEqual({ params: {} });
  });

  it("must be there, and have a value", () => {
    expect(readParams("width=3", find, "Linear")).toEqual({ problem: "Linear has no parameter “width”." });
    expect(readParams("bias", find, "Linear")).toEqual({
      problem: "“bias” is not of the form “name=value”.",
    });
    expect(readParams("out_features=0", find, "Linear")).toHaveProperty("problem");
  });
});

describe("the plan of a draft", () => {
  it("has five seeds, and a metric that every run measures until a better one is known", () => {
    const { plan } = planOf(draft({}), nothing);
    expect(plan).toMatchObject({
      seeds: [0, 1, 2, 3, 4],
      metric: "train_loss",
      margin: null,
      reuse: true,
      batch_seeds: true,
    });
    expect(planOf(draft({ seeds: "0-2, 7", metric: "test_r2" }), nothing).plan).toMatchObject({
      seeds: [0, 1, 2, 7],
      metric: "test_r2",
    });
    expect(problems({ seeds: "one" })?.seeds).toContain("“one” is not a seed");
  });

  it("takes nodes, groups and columns as parts", () => {
    const parts: StudyDraft["parts"] = [
      node("relu1"),
      { kind: "group", title: "Encoder", nodes: ["a", "b"], whole: true },
      { kind: "columns", node: "data", text: 'x1, "x,2"' },
    ];
    const nodes = [
      "relu1",
      { title: "Encoder", nodes: ["a", "b"], how: "plain" },
      { node: "data", columns: ["x1", "x,2"], title: "" },
    ];
    expect(strategy({ parts })).toEqual({ kind: "leave_one_out", nodes });
    expect(strategy({ parts, kind: "cumulative" })).toEqual({ kind: "cumulative", order: nodes });
    expect(strategy({ parts, kind: "add_one" })).toEqual({ kind: "add_one", nodes, leave_one_out: true });
    expect(strategy({ parts, kind: "leave_group_out" })).toEqual({
      kind: "leave_group_out",
      groups: [nodes[1]],
    });
    expect(problems({ parts: [{ kind: "columns", node: "data", text: " " }] })).toEqual({
      "columns:data": "Name at least one input column.",
    });
  });

  it("contains the replacements of its parts", () => {
    const how = { relu1: "plain", gone: "zero" } as const;
    expect(planOf(draft({ how }), nothing).plan?.how).toEqual({ relu1: "plain" });
  });

  it("needs something to be about", () => {
    expect(problems({ parts: [] })).toEqual({ strategy: "Select at least one part of the network." });
    expect(problems({ kind: "leave_n_out", n: 3 })?.strategy).toContain("3 parts cannot be removed at once");
    expect(problems({ kind: "leave_group_out" })).toEqual({ strategy: "Select at least one group." });
    expect(problems({ kind: "replace" })).toEqual({
      strategy: "Select the node to replace.",
      "alternative:1": "Select a node type.",
    });
    expect(problems({ kind: "grid" })).toHaveProperty(
      ["factor:1"],
      "Select a node and one of its parameters.",
    );
  });

  it("replaces a node", () => {
    const alternatives = [{ id: 1, type: "Linear", params: "bias=off" }];
    expect(strategy({ kind: "replace", target: "fc1", alternatives }, known)).toEqual({
      kind: "replace",
      node: "fc1",
      alternatives: [{ type: "Linear", params: { bias: false }, label: "" }],
    });
  });

  it("lists values for a grid and bounds for a search", () => {
    const factor = { ...freshFactor([]), node: "fc1", param: "out_features", values: "8, 16" };
    expect(strategy({ kind: "grid", factors: [factor] }, known)).toEqual({
      kind: "grid",
      factors: [{ node: "fc1", param: "out_features", values: [8, 16] }],
    });
    const ranged = { ...factor, low: 1, high: 9, integer: true };
    expect(strategy({ kind: "optuna", factors: [ranged], trials: 7, sampler: "qmc" }, known)).toEqual({
      kind: "optuna",
      factors: [{ node: "fc1", param: "out_features", low: 1, high: 9, log: false, integer: true }],
      trials: 7,
      sampler: "qmc",
      seed: 0,
    });
    const random = { kind: "random", factors: [{ ...factor, between: false }], drawSeed: 7 } as const;
    expect(strategy({ ...random, factors: [...random.factors] }, known)).toMatchObject({
      factors: [{ values: [8, 16] }],
      seed: 7,
    });
  });

  it("refuses ranges that are none, and a parameter that is there twice", () => {
    const factor = { ...freshFactor([]), node: "fc1", param: "p", low: 1, high: 1 };
    const problem = (change: object) =>
      problems({ kind: "random", factors: [{ ...factor, ...change }] })?.["factor:1"];
    expect(problem({})).toBe("The lowest value must be below the highest.");
    expect(problem({ high: null })).toBe("Give the lowest and the highest value.");
    expect(problem({ low: 0, log: true })).toBe("On a logarithmic scale both values must be above 0.");
    const twice = [factor, { ...factor, id: 2 }];
    expect(problems({ kind: "random", factors: twice })?.["factor:2"]).toBe(
      "This parameter is already in the study.",
    );
  });
});

describe("the metric to begin with", () => {
  it("is the accuracy or R² of the test, else of the validation, else a loss", () => {
    expect(defaultMetric(["val_loss", "val_r2", "test_loss", "test_r2", "train_r2"])).toBe("test_r2");
    expect(defaultMetric(["val_loss", "val_accuracy", "train_loss"])).toBe("val_accuracy");
    expect(defaultMetric(["val_loss", "test_loss", "train_loss"])).toBe("val_loss");
    expect(defaultMetric(["train_loss"])).toBe("train_loss");
    expect(defaultMetric([])).toBeNull();
  });
});

describe("why a study cannot begin", () => {
  const preview = (valid: boolean[], runs = 3) =>
    ({ variants: valid.map((one) => ({ valid: one })), runs }) as StudyPreview;

  it("is a variant that cannot be trained, unless it is left out", () => {
    expect(whyNotStart(draft({}), preview([true, true]))).toBeNull();
    expect(whyNotStart(draft({}), preview([true, true, false]))).toBe("One variant cannot be trained.");
    expect(whyNotStart(draft({ skipInvalid: true }), preview([true, true, false]))).toBeNull();
    expect(whyNotStart(draft({ skipInvalid: true }), preview([true, false]))).toBe(
      "No variant of it can be trained.",
    );
    expect(whyNotStart(draft({ kind: "optuna" }), preview([true]))).toBeNull();
  });

  it("is that no variant differs from the baseline", () => {
    const { variants, ...rest } = preview([true, true]);
    const twins = variants.map((one, place) => ({ ...one, same_as: place > 0 ? "baseline" : null }));
    expect(whyNotStart(draft({}), { variants: twins, ...rest })).toBe(
      "Every variant is the same network as the baseline.",
    );
  });
});

describe("what of a graph a study can be about", () => {
  const info = (kind: string, inputs: NodeInfo["inputs"] = {}, can_disable = true) =>
    ({
      kind,
      inputs,
      can_disable,
      primary: [],
      outputs: [],
      output_count: null,
      display_name: kind,
    }) as unknown as NodeInfo;
  const types = {
    Linear: info("layer", { out_features: WIDTH }),
    Adam: info("optimizer", {}, false),
    CSV: info("data", {}),
    Block: info("block"),
  };
  const at = (id: string, type: string, more: object = {}) => ({
    ...{ id, type, name: id, disabled: false, version: 1, position: null, params: {} },
    ...more,
  });
  const graph = {
    nodes: [
      at("data", "CSV"),
      at("fc", "Linear"),
      at("off", "Linear", { disabled: true }),
      at("adam", "Adam"),
      at("enc", "Block", { params: { block: "b" } }),
    ],
    edges: [],
    groups: [{ id: "g", title: "Head", nodes: ["fc", "adam"] }],
    notes: [],
    blocks: {
      b: {
        name: "Encoder",
        nodes: [at("fc", "Linear")],
        edges: [],
        groups: [],
        inputs: {},
        outputs: {},
        params: {},
      },
    },
  } as unknown as Graph;
  const choices: Choices = choicesOf(graph, types);

  it("is every layer that is on, also inside blocks, and the removable nodes of a group", () => {
    const able = [...choices.nodes.values()].filter((one) => one.able).map((one) => one.id);
    expect(able).toEqual(["fc", "enc", "enc/fc"]);
    expect(choices.nodes.get("enc/fc")?.label).toBe("enc/fc");
    expect(choices.groups).toEqual([{ title: "Head", nodes: ["fc"] }]);
  });

  it("begins with those of the graph itself", () => {
    expect(usualParts(choices)).toEqual([node("fc"), node("enc")]);
  });

  it("finds parameters", () => {
    expect(variable(choices.nodes.get("fc")).map(({ name }) => name)).toEqual(["out_features"]);
    expect(finderOf(choices, types).ofNode("enc/fc", "out_features")?.name).toBe("out_features");
    expect(finderOf(choices, types).ofType("Linear", "no")).toBeUndefined();
  });
});
