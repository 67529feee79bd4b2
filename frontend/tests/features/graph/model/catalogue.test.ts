import { describe, expect, test } from "vitest";
import {
  byCategory,
  findOutput,
  isChanged,
  type NamedInput,
  paramLabel,
  paramValue,
  searchTypes,
  shapeOf,
  valueText,
} from "@/features/graph/model/catalogue";
import { input, nodeType, TYPES } from "../../../helpers/catalogue";
import { node } from "../../../helpers/graphs";

const ALL = Object.values(TYPES);
const param = (name: string, info: Partial<NamedInput> = {}): NamedInput => ({
  ...input("FLOAT"),
  name,
  ...info,
});

test("a type's ports, parameters and primary parameters", () => {
  const { ports, params, primary } = shapeOf(TYPES.Adam);
  expect(ports.map(({ name }) => name)).toEqual(["model"]);
  expect(params.map(({ name }) => name)).toEqual(["lr", "betas"]);
  expect(primary.map(({ name }) => name)).toEqual(["lr"]);
});

test("the same arrays each time, so that nothing renders again", () => {
  expect(shapeOf(TYPES.Adam)).toBe(shapeOf(TYPES.Adam));
});

test("at most three primary parameters, and none that does not exist", () => {
  const inputs = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, input("INT")]));
  const info = nodeType("Wide", "layer", inputs, [], { primary: ["a", "gone", "b", "c"] });
  expect(shapeOf(info).primary.map(({ name }) => name)).toEqual(["a", "b"]);
});

test("an output by its name", () => {
  expect(findOutput(TYPES.DataSplitter, "val")?.dtype).toBe("LOADER");
  expect(findOutput(undefined, "val")).toBeUndefined();
});

describe("a parameter's value", () => {
  const lr = param("lr", { default: 0.1, nullable: true });
  test.each([
    ["the default if none is stored", {}, 0.1, false],
    ["what is stated", { lr: 0.5 }, 0.5, true],
    ["null where null is stated", { lr: null }, null, true],
    ["the default where just that is stated", { lr: 0.1 }, 0.1, false],
  ])("%s", (_what, params, value, changed) => {
    const stated = node("adam", "Adam", { params });
    expect(paramValue(stated, lr)).toBe(value);
    expect(isChanged(stated, lr)).toBe(changed);
  });

  test("lists are compared by their values", () => {
    const betas = param("betas", { default: [0.9, 0.999], length: 2 });
    expect(isChanged(node("adam", "Adam", { params: { betas: [0.9, 0.999] } }), betas)).toBe(false);
    expect(isChanged(node("adam", "Adam", { params: { betas: [0.8, 0.999] } }), betas)).toBe(true);
  });
});

test("a parameter is called by its label, else by its name with spaces", () => {
  expect(paramLabel(param("out_features"))).toBe("out features");
  expect(paramLabel(param("lr", { label: "Learning rate" }))).toBe("Learning rate");
});

test.each([
  [null, "none"],
  ["", "empty"],
  [true, "on"],
  [0.5, "0.5"],
  [[0.9, 0.999], "0.9, 0.999"],
  [{ a: 1 }, '{"a":1}'],
])("the value %j is called “%s”", (value, text) => {
  expect(valueText(value)).toBe(text);
});

test("categories stand in the order in which a network is built; unknown kinds come last", () => {
  expect(byCategory([...ALL].reverse()).map(({ category }) => category)).toEqual([
    "Data",
    "Layers",
    "Operations",
    "Model",
    "Loss",
    "Optimizer",
    "Training",
    "Metrics",
    "Custom",
  ]);
});

describe("search", () => {
  const found = (query: string): string[] => searchTypes(ALL, query).map(({ type }) => type);

  test("no words, all types", () => {
    expect(found("  ")).toHaveLength(ALL.length);
  });
  test("a part of the name, in any case", () => {
    expect(found("LOSS")).toEqual(["L1Loss", "MSELoss"]);
  });
  test("names that begin so come before those that hold it, these before descriptions", () => {
    const types = [
      nodeType("A", "layer", {}, [], { description: "a linear thing" }),
      nodeType("Bilinear", "layer", {}, []),
      nodeType("Linear", "layer", {}, []),
    ];
    expect(searchTypes(types, "linear").map(({ type }) => type)).toEqual(["Linear", "Bilinear", "A"]);
  });
  test("a part of a name, its initials, then category and description", () => {
    const types = [
      nodeType("Linear", "layer", {}, [], { description: "not like a norm" }),
      nodeType("BatchNorm1d", "layer", {}, []),
      nodeType("LayerNorm", "layer", {}, []),
      nodeType("Softmax", "layer", {}, [], { category: "Normalization" }),
      nodeType("Abnormal", "layer", {}, []),
    ];
    const order = (query: string) => searchTypes(types, query).map(({ type }) => type);
    expect(order("norm")).toEqual(["LayerNorm", "BatchNorm1d", "Abnormal", "Softmax", "Linear"]);
    expect(order("ln")).toEqual(["LayerNorm"]);
    expect(order("bn1")).toEqual(["BatchNorm1d"]);
  });
  test("every word counts, in any order", () => {
    expect(found("loader csv")).toEqual(["CSVLoader"]);
    expect(found("csv norm")).toEqual([]);
  });
});
