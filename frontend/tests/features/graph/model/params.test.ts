import { describe, expect, test } from "vitest";
import { shapeOf } from "@/features/graph/model/catalogue";
import {
  changedParams,
  type ParamTarget,
  resetParams,
  setParams,
  sharedParams,
} from "@/features/graph/model/params";
import type { GraphNode } from "@/shared/api/types";
import { input, nodeType, TYPES } from "../../../helpers/catalogue";
import { graphOf } from "../../../helpers/graphs";

const conv = nodeType(
  "Conv",
  "layer",
  {
    out_features: input("INT", { default: 16, min: 2, max: 100 }),
    bias: input("BOOL", { default: true }),
    kernel: input("INT", { default: 3 }),
  },
  [],
);
const types = { ...TYPES, Conv: conv };
const graph = graphOf({
  fc1: { type: "Linear", params: { out_features: 8 } },
  fc2: "Linear",
  conv: "Conv",
  act: "ReLU",
});
const target = (id: string, name: string): ParamTarget => {
  const node = graph.nodes.find((one) => one.id === id) as GraphNode;
  const param = shapeOf(types[node.type as keyof typeof types]).params.find((one) => one.name === name);
  if (!param) throw new Error(`no ${name}`);
  return { node, param };
};
const paramsOf = (of: typeof graph) => Object.fromEntries(of.nodes.map(({ id, params }) => [id, params]));

describe("several nodes at once", () => {
  const widths = ["fc1", "fc2", "conv"].map((id) => target(id, "out_features"));

  test("get one value; whose default it is, does not state it", () => {
    expect(paramsOf(setParams(graph, widths, 64))).toEqual({
      fc1: {},
      fc2: {},
      conv: { out_features: 64 },
      act: {},
    });
  });

  test("that had it already change nothing", () => {
    expect(setParams(graph, [target("fc1", "out_features")], 8)).toBe(graph);
    expect(setParams(graph, [target("fc2", "out_features")], 64)).toBe(graph);
  });

  test("go back to the default of each", () => {
    const next = resetParams(setParams(graph, widths, 32), widths);
    expect(paramsOf(next)).toEqual({ fc1: {}, fc2: {}, conv: {}, act: {} });
    expect(resetParams(next, widths)).toBe(next);
  });
});

describe("what nodes share", () => {
  const shared = sharedParams(graph, types, graph.nodes);

  test("is what at least two have by name and type, the most common first", () => {
    expect(shared.map(({ param, targets }) => [param.name, targets.map(({ node }) => node.id)])).toEqual([
      ["out_features", ["fc1", "fc2", "conv"]],
      ["bias", ["fc1", "fc2", "conv"]],
    ]);
  });

  test("has a range that suits all, and marks differing values and defaults", () => {
    expect(shared[0]).toMatchObject({
      value: 8,
      mixed: true,
      oneDefault: false,
      param: { min: 2, max: 100 },
    });
    expect(shared[1]).toMatchObject({ value: true, mixed: false, oneDefault: true });
  });

  test("is nothing for one node, or for one that is not known", () => {
    expect(sharedParams(graph, types, graph.nodes.slice(0, 1))).toEqual([]);
    expect(
      sharedParams(graphOf({ a: "Gone", b: "Gone" }), types, graphOf({ a: "Gone", b: "Gone" }).nodes),
    ).toEqual([]);
  });
});

test("what is changed, but for the data that a node reads", () => {
  const csv = graphOf({ csv: { type: "CSVLoader", params: { file: "a.csv", target_columns: "y" } } })
    .nodes[0];
  expect(changedParams(csv as GraphNode, shapeOf(TYPES.CSVLoader).params)).toEqual([]);
  const { node } = target("fc1", "bias");
  expect(changedParams(node, shapeOf(TYPES.Linear).params).map(({ param }) => param.name)).toEqual([
    "out_features",
  ]);
});
