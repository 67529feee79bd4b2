import { expect, test } from "vitest";
import { findNodes } from "@/features/canvas/model/find";
import { ALL, encoderGraph } from "../../../helpers/blocks";
import { node, sampleGraph } from "../../../helpers/graphs";

const ids = (query: string, graph = sampleGraph()) => findNodes(graph, ALL, query).map(({ id }) => id);

test("by name, type and parameters, all words in any order", () => {
  expect(ids("fc1")).toEqual(["fc1"]);
  expect(ids("RELU")).toContain("act");
  const wide = { ...sampleGraph(), nodes: [{ ...node("wide", "Linear"), params: { out_features: 77 } }] };
  expect(ids("linear out_features=77", wide)).toEqual(["wide"]);
  expect(ids("77 wide", wide)).toEqual(["wide"]);
  expect(ids("linear 78", wide)).toEqual([]);
});

test("what is switched off is found by that", () => {
  const graph = sampleGraph();
  const off = { ...graph, nodes: graph.nodes.map((one) => ({ ...one, disabled: one.id === "act" })) };
  expect(ids("disabled", off)).toEqual(["act"]);
});

test("inside a block, once, however many stand for it; nothing is asked, nothing found", () => {
  const graph = encoderGraph();
  const twice = {
    ...graph,
    nodes: [...graph.nodes, { ...graph.nodes.find(({ id }) => id === "enc"), id: "enc2" }],
  };
  expect(findNodes(twice as typeof graph, ALL, "fc").filter(({ path }) => path.length > 0)).toEqual([
    { path: ["enc"], id: "fc" },
  ]);
  expect(ids("  ")).toEqual([]);
});
