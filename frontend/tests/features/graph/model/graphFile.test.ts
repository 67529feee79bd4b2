import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graphFromText } from "@/features/graph/model/graphFile";
import { graphOf, sampleGraph } from "../../../helpers/graphs";

const read = (value: unknown) => graphFromText(JSON.stringify(value), "net.json");

test("a document survives the way through a file", () => {
  const graph = sampleGraph();
  expect(read(graph)).toEqual(graph);
});

test("so does any parameter that JSON can hold", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (params) => {
      const graph = graphOf({ fc1: { type: "Linear", params: params as never } });
      expect(read(graph)).toEqual(JSON.parse(JSON.stringify(graph)));
    }),
    { numRuns: 50 },
  );
});

test("a script may leave out all but ids and types; the file gives the name", () => {
  expect(read({ nodes: [{ id: "a", type: "ReLU" }] })).toEqual({
    format: 1,
    name: "net",
    nodes: [{ id: "a", type: "ReLU", name: "", disabled: false, version: 1, position: null, params: {} }],
    edges: [],
    blocks: {},
    groups: [],
    notes: [],
  });
});

test("groups and notes of a file are completed; what is none is left out", () => {
  const { groups, notes } = read({
    nodes: [{ id: "a", type: "ReLU" }],
    groups: [{ id: "g", nodes: ["a", 7], color: "nonsense" }, "no group"],
    notes: [{ text: "hello", width: 3, position: { x: "far" } }, null],
  });
  expect(groups).toEqual([{ id: "g", title: "", nodes: ["a"], folded: false, color: "" }]);
  expect(notes).toEqual([
    { id: "note", text: "hello", position: { x: 0, y: 0 }, width: 60, height: 100, color: "" },
  ]);
});

test("keys that this version does not know are kept", () => {
  const graph = { ...sampleGraph(), studies: { b: {} } };
  expect(read(graph)).toEqual(graph);
});

describe("a file that is not a graph is rejected by name", () => {
  const refused = (value: unknown) => () => read(value);

  test("no JSON", () => {
    expect(() => graphFromText("nodes: []", "net.json")).toThrow(
      "net.json is not a graph file: it is not valid JSON.",
    );
  });

  test("nested without end", () => {
    const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
    expect(() => graphFromText(`{"nodes": [], "x": ${deep}}`, "net.json")).toThrow("nested too deep");
  });

  test.each([
    ["a list", [], "net.json is not a graph file: it has no list of nodes."],
    ["no nodes", { edges: [] }, "net.json is not a graph file: it has no list of nodes."],
    [
      "a newer format",
      { format: 2, nodes: [] },
      "net.json has format 2; this version of VisDL reads format 1. A newer VisDL may have written it.",
    ],
    [
      "a workflow of ComfyUI",
      { last_node_id: 9, nodes: [{ id: 1, type: "KSampler" }], links: [] },
      "net.json is a ComfyUI workflow, not a graph file of VisDL.",
    ],
    [
      "a prompt of ComfyUI",
      { 3: { class_type: "KSampler", inputs: {} } },
      "net.json is a ComfyUI workflow, not a graph file of VisDL.",
    ],
    [
      "a model of Keras",
      { class_name: "Sequential", config: { layers: [] } },
      "net.json is a Keras model, not a graph file of VisDL.",
    ],
    [
      "a node without a type",
      { nodes: [{ id: "a" }] },
      "net.json is not a graph file: node 1 has no id or no type.",
    ],
    [
      "a node with parameters that are none",
      { nodes: [{ id: "a", type: "ReLU", params: null }] },
      "net.json is not a graph file: the parameters of node 1 are not a list of names and values.",
    ],
    [
      "a wire without an end",
      { nodes: [], edges: [{ source: "a", source_output: "output", target: "b" }] },
      "net.json is not a graph file: wire 1 does not name the output and input that it connects.",
    ],
    [
      "a wire that is none",
      { nodes: [], edges: [null] },
      "net.json is not a graph file: wire 1 does not name the output and input that it connects.",
    ],
  ])("%s", (_what, value, message) => {
    expect(refused(value)).toThrow(message);
  });
});
