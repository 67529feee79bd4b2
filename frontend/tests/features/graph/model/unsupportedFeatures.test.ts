import { expect, test } from "vitest";
import * as doc from "@/features/graph/model/document";
import { unsupportedFeatures } from "@/features/graph/model/unsupportedFeatures";
import { TYPES } from "../../../helpers/catalogue";
import { graphOf, node, sampleGraph, wire } from "../../../helpers/graphs";

const sample = sampleGraph();
const withNode = (extra: ReturnType<typeof node>) => ({ ...sample, nodes: [...sample.nodes, extra] });
const withWire = (text: string) => ({ ...sample, edges: [...sample.edges, wire(text)] });

test.each([
  ["a sound graph", sample, []],
  [
    "a type that is not known",
    withNode(node("x", "Nonsense")),
    ["x: This server has no node type “Nonsense”."],
  ],
  [
    "a type called as what every object has",
    withNode(node("x", "constructor")),
    ["x: This server has no node type “constructor”."],
  ],
  [
    "a newer node",
    withNode(node("x", "Linear", { version: 3 })),
    ["x was made by version 3 of Linear; here it is version 1."],
  ],
  [
    "a parameter",
    doc.setParam(sample, "fc1", "sparsity", 2),
    ["fc1: Linear has no parameter sparsity here."],
  ],
  ["a wire to nothing", withWire("fc1.output > gone.x"), ["A wire from fc1 to gone, which does not exist."]],
  ["a wire from no output", withWire("fc1.nothing > act.x"), ["A wire from fc1: it has no output nothing."]],
  ["a wire to no input", withWire("fc1.output > act.nothing"), ["A wire to act: it has no input nothing."]],
])("%s", (_what, graph, sentences) => {
  const types = Object.assign(Object.create(null), TYPES);
  expect(unsupportedFeatures(graph, types).map(({ text }) => text)).toEqual(sentences);
});

test("inside a block it is named, with the way there", () => {
  const inner = graphOf({ odd: "Nonsense" });
  const block = { ...inner, name: "Encoder", inputs: {}, outputs: {}, params: {} };
  const graph = { ...withNode(node("enc", "Block", { params: { block: "e" } })), blocks: { e: block } };
  expect(unsupportedFeatures(graph, TYPES).find(({ node: id }) => id === "enc/odd")?.text).toBe(
    "In Encoder: odd: This server has no node type “Nonsense”.",
  );
});
