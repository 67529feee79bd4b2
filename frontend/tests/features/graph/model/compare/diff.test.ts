import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { notesIn } from "@/features/graph/model/annotations";
import { compareGraphs, summaryOf } from "@/features/graph/model/compare/diff";
import * as doc from "@/features/graph/model/document";
import { TYPES } from "../../../../helpers/catalogue";
import { graphOf, node, sampleGraph, wire } from "../../../../helpers/graphs";

const sample = sampleGraph();
const texts = (before = sample, after = sample): string[] =>
  compareGraphs(before, after, TYPES).map(({ text }) => text);

test("the graph's name counts, and what else the document holds", () => {
  const after = { ...doc.renameGraph(sample, "Wider"), notes: notesIn([{ id: "n", text: "read me" }]) };
  expect(texts(sample, after)).toEqual(["The graph “Test graph” was renamed to “Wider”", "Notes changed"]);
});

test("the order of wires counts where a port takes several", () => {
  const cat = graphOf({ a: "ReLU", b: "ReLU", cat: "Add" }, "a.output > cat.a", "b.output > cat.a");
  const turned = { ...cat, edges: cat.edges.toReversed() };
  expect(texts(cat, turned)).toEqual(["The order of the wires into cat (a) changed"]);
});

describe("inside a block", () => {
  const inner = graphOf({ one: "Linear", two: "ReLU" }, "one.output > two.x");
  const block = {
    ...inner,
    name: "Encoder",
    inputs: { input: [{ node: "one", port: "x", index: null }] },
    outputs: { output: { node: "two", port: "output", index: null } },
    params: {},
  };
  const graph = {
    ...graphOf({ enc: node("enc", "Block", { params: { block: "e" } }) }),
    blocks: { e: block },
  };
  const changed = (change: Partial<typeof block>) => ({ ...graph, blocks: { e: { ...block, ...change } } });

  test.each([
    ["its name", { name: "Decoder" }, "In Decoder: The block “Encoder” was renamed to “Decoder”"],
    [
      "a wire from its inputs",
      { inputs: { input: [] } },
      "In Encoder: The wire from the inputs to one (x) was removed",
    ],
    [
      "an exposed parameter",
      { params: { width: [{ node: "one", port: "out_features", index: null }] } },
      "In Encoder: the parameter width is exposed",
    ],
    [
      "a node",
      { nodes: doc.setDisabled(inner, new Set(["two"]), true).nodes },
      "In Encoder: two was disabled",
    ],
  ])("%s", (_what, change, text) => {
    const [found, ...more] = compareGraphs(graph, changed(change), TYPES);
    expect(found).toMatchObject({ block: "e", text });
    expect(more).toEqual([]);
  });
});

test("a graph does not differ from itself, wherever its nodes stand", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (x, y) => {
      const moved = doc.moveNodes(sample, new Map(sample.nodes.map(({ id }) => [id, { x, y }])));
      expect(texts(sample, JSON.parse(JSON.stringify(moved)))).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

test("what is added one way is removed the other way", () => {
  const after = {
    ...sample,
    nodes: [...sample.nodes, node("x", "ReLU")],
    edges: [...sample.edges, wire("fc1.output > fc2.x")],
  };
  const kinds = (a: typeof sample, b: typeof sample) => compareGraphs(a, b, TYPES).map(({ kind }) => kind);
  expect(kinds(sample, after)).toEqual(["added", "added"]);
  expect(kinds(after, sample)).toEqual(["removed", "removed"]);
});

describe("in a few words", () => {
  const difference = (text: string) => ({ kind: "changed" as const, text, block: null, node: null });
  test.each([
    [[], "Only positions"],
    [["a"], "a"],
    [["a", "b", "c"], "a · b · c"],
    [["a", "b", "c", "d"], "a · b · 2 changes more"],
  ])("%j", (sentences, words) => {
    expect(summaryOf(sentences.map(difference))).toBe(words);
  });
});
