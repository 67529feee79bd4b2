import { describe, expect, test } from "vitest";
import type { Catalogue } from "@/features/graph/model/catalogue";
import {
  changeRule,
  groupText,
  layersWithParameters,
  type Rule,
  ruleFields,
  rulesOf,
  usualRules,
  withTraining,
} from "@/features/graph/model/parameterRules";
import type { Report } from "@/shared/api/types";
import { input, nodeType } from "../../../helpers/catalogue";
import { graphOf } from "../../../helpers/graphs";

const TYPES = {
  Linear: nodeType("Linear", "layer", {}, ["output LAYER"]),
  ReLU: nodeType("ReLU", "layer", {}, ["output LAYER"]),
  AdamW: nodeType("AdamW", "optimizer", {}, ["optimizer OPTIMIZER"]),
};

test("a field with its default is left out, and what is not a rule is ignored", () => {
  const rule: Rule = { select: "node", match: "fc1", lr_factor: 0.1 };
  expect(changeRule(rule, { lr_factor: 1 })).toEqual({ select: "node", match: "fc1" });
  expect(changeRule(rule, { weight_decay: 0 })).toEqual({ ...rule, weight_decay: 0 });
  expect(rulesOf([rule, null, 3, "x", { match: "y" }])).toEqual([rule]);
  expect(rulesOf(null)).toEqual([]);
});

test("another way of training removes the settings that do not apply to it", () => {
  const rule: Rule = { select: "rest", optimizer: "SGD", lr: 0.1, weight_decay: 0 };
  expect(withTraining(rule, "frozen")).toEqual({ select: "rest", frozen: true });
  expect(withTraining(rule, "AdamW")).toEqual({ select: "rest", optimizer: "AdamW" });
  expect(withTraining(rule, "SGD")).toEqual(rule);
  expect(withTraining({ select: "rest", frozen: true }, "")).toEqual({ select: "rest" });
});

describe("a group in words", () => {
  const group = { rule: 0, optimizer: "AdamW", tensors: 1, parameters: 1200, lr: 0.001, weight_decay: 0 };
  test.each([
    [{ ...group, frozen: false }, "1 tensor, 1,200 parameters: AdamW, rate 0.001, decay 0"],
    [{ ...group, frozen: true }, "1 tensor, 1,200 parameters: frozen"],
    [{ ...group, frozen: false, lr: null, weight_decay: null }, "1 tensor, 1,200 parameters: AdamW"],
  ])("%#", (one, text) => {
    expect(groupText(one)).toBe(text);
  });
});

test("usual rules name no optimizer that there is not, nor the node's own", () => {
  const [muon, adamw] = ["Muon", "AdamW"].map((type) =>
    nodeType(type, "optimizer", {}, [], { in_rules: true }),
  );
  const labels = (types: Catalogue, own: string) => usualRules(types, own).map(({ label }) => label);
  if (!muon || !adamw) throw new Error("two types");
  const both = { Muon: muon, AdamW: adamw };
  expect(labels(both, "SGD")).toHaveLength(6);
  expect(labels(both, "Muon")).not.toContain("Muon for hidden matrices");
  expect(labels(both, "AdamW")).not.toContain("AdamW for all but hidden matrices");
  expect(labels({ AdamW: adamw }, "SGD")).not.toContain("Muon for hidden matrices");
});

test("layers with parameters are offered, those of blocks by their paths", () => {
  const graph = graphOf({
    fc1: { type: "Linear" },
    relu: { type: "ReLU" },
    enc: { type: "Block", params: { block: "b" } },
    opt: { type: "AdamW" },
  });
  const inside = graphOf({ fc: { type: "Linear" } });
  const withBlock = {
    ...graph,
    blocks: {
      b: {
        name: "B",
        nodes: inside.nodes,
        edges: [],
        inputs: {},
        outputs: {},
        params: {},
        groups: [],
        notes: [],
      },
    },
  };
  const report = {
    nodes: { fc1: { parameters: 4 }, enc: { parameters: 6 }, "enc/0/fc": { parameters: 6 }, relu: {} },
  } as unknown as Report;
  expect(layersWithParameters(withBlock, TYPES, report).map(({ value }) => value)).toEqual([
    "fc1",
    "enc",
    "enc/fc",
  ]);
});

test("the fields of each rule can be varied, from their present values", () => {
  const [node] = graphOf({
    opt: {
      type: "AdamW",
      params: {
        groups: [
          { select: "node", match: "fc1", frozen: true },
          { select: "rest", optimizer: "SGD" },
        ],
      },
    },
  }).nodes;
  const param = { ...input("ANY", { default: [], many: true, widget: "groups" }), name: "groups" };
  if (!node) throw new Error("no node");
  const fields = ruleFields(node, param);
  expect(fields.map(({ name, default: now }) => [name, now])).toEqual([
    ["groups[0].lr_factor", 1],
    ["groups[0].weight_decay", null],
    ["groups[0].frozen", true],
    ["groups[0].optimizer", ""],
    ["groups[1].lr_factor", 1],
    ["groups[1].weight_decay", null],
    ["groups[1].frozen", false],
    ["groups[1].optimizer", "SGD"],
    ["groups[1].lr", null],
  ]);
  expect(fields[0]?.label).toBe("rule 1: learning-rate factor");
});
