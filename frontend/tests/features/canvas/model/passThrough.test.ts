import { expect, test } from "vitest";
import { passThroughOf } from "@/features/canvas/model/passThrough";
import { ALL } from "../../../helpers/blocks";
import { graphOf } from "../../../helpers/graphs";

const passes = (type: string, ...wires: string[]) => {
  const graph = graphOf({ a: "Linear", csv: "CSVLoader", off: type }, ...wires);
  const node = graph.nodes.find(({ id }) => id === "off");
  return node && passThroughOf(graph, ALL, node).map(({ input, output }) => [input, output]);
};

test("a layer hands its input on", () => {
  expect(passes("Linear", "a.output > off.x")).toEqual([[0, 0]]);
});

test("of several inputs the first with a wire is passed through", () => {
  expect(passes("Add", "a.output > off.b")).toEqual([[1, 0]]);
  expect(passes("Add", "a.output > off.a", "a.output > off.b")).toEqual([[0, 0]]);
});

test("each output gets the input", () => {
  expect(passes("Chunk", "a.output > off.input")).toEqual([
    [0, 0],
    [0, 1],
  ]);
});

test("a node without an input of its output's type hands nothing on", () => {
  expect(passes("DataSplitter", "csv.dataset > off.dataset")).toEqual([]);
  expect(passes("Adam")).toEqual([]);
});
