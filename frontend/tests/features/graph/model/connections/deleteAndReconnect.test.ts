import { describe, expect, test } from "vitest";
import { deleteAndReconnect } from "@/features/graph/model/connections/deleteAndReconnect";
import { edgeId } from "@/features/graph/model/document";
import { INPUTS, OUTPUTS, scopeOf } from "@/features/graph/model/scope";
import { ALL, encoderGraph } from "../../../../helpers/blocks";
import { graphOf, sampleGraph, wire } from "../../../../helpers/graphs";

const reconnected = (graph: ReturnType<typeof graphOf>, ...ids: string[]) => {
  const result = deleteAndReconnect(graph, ALL, new Set(ids));
  return { wires: result.graph.edges.map(edgeId), open: result.open.map(edgeId) };
};
const id = (text: string): string => edgeId(wire(text));

describe("taking nodes out", () => {
  test("reconnects what was upstream to what was downstream", () => {
    const { wires, open } = reconnected(sampleGraph(), "act");
    expect(wires).toContain(id("fc1.output > fc2.x"));
    expect([wires.length, open]).toEqual([sampleGraph().edges.length - 1, []]);
  });

  test("a chain is joined over all that go", () => {
    expect(reconnected(sampleGraph(), "act", "fc2").wires).toContain(id("fc1.output > model.layers"));
  });

  test("a whole graph leaves nothing", () => {
    const graph = sampleGraph();
    expect(reconnected(graph, ...graph.nodes.map((node) => node.id))).toEqual({ wires: [], open: [] });
  });

  test("wires that nothing fits are returned", () => {
    expect(reconnected(sampleGraph(), "model").open).toEqual([
      id("model.model > adam.model"),
      id("model.model > train.model"),
    ]);
  });

  test("each branch downstream is reconnected, to the first output that fits", () => {
    const graph = graphOf(
      { mse: "MSELoss", a: "Linear", b: "Linear", sum: "Add", c: "ReLU", d: "ReLU" },
      "a.output > sum.a",
      "b.output > sum.b",
      "sum.output > c.x",
      "sum.output > d.x",
    );
    expect(reconnected(graph, "sum").wires).toEqual([id("a.output > c.x"), id("a.output > d.x")]);
    const late = { ...graph, edges: graph.edges.slice(1) };
    expect(reconnected(late, "sum").wires).toEqual([id("b.output > c.x"), id("b.output > d.x")]);
  });

  test("among the wires of an input for many each keeps its place", () => {
    const graph = graphOf(
      { a: "Linear", act: "ReLU", b: "Linear", all: "Concat" },
      "a.output > act.x",
      "act.output > all.inputs",
      "b.output > all.inputs",
    );
    expect(reconnected(graph, "act").wires).toEqual([
      id("a.output > all.inputs"),
      id("b.output > all.inputs"),
    ]);
  });

  test("inside a block its ports are joined too, but never to each other", () => {
    const inside = scopeOf(encoderGraph(), ["enc"]);
    expect(reconnected(inside, "fc").wires).toEqual([
      edgeId({ source: INPUTS, source_output: "input", target: "act", target_input: "x" }),
      edgeId({ source: "act", source_output: "output", target: OUTPUTS, target_input: "output" }),
    ]);
    expect(reconnected(inside, "fc", "act").open).toEqual([
      edgeId({ source: "act", source_output: "output", target: OUTPUTS, target_input: "output" }),
    ]);
  });
});
