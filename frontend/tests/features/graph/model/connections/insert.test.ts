import { expect, test } from "vitest";
import { fitsIntoWire, insertIntoWire } from "@/features/graph/model/connections/insert";
import { edgeId } from "@/features/graph/model/document";
import { INPUTS, scopeOf } from "@/features/graph/model/scope";
import type { Graph } from "@/shared/api/types";
import { ALL, encoderGraph } from "../../../../helpers/blocks";
import { graphOf, node, sampleGraph, wire } from "../../../../helpers/graphs";

function withNode(type: string, ...wires: string[]): Graph {
  const graph = sampleGraph();
  return {
    ...graph,
    nodes: [...graph.nodes, node("new", type)],
    edges: [...graph.edges, ...wires.map(wire)],
  };
}

const LAYERS = edgeId(wire("fc1.output > act.x"));
const into = (graph: Graph, id = LAYERS): string[] | undefined =>
  insertIntoWire(graph, ALL, "new", id)?.edges.map(edgeId);

test("what the wire brought goes through the node", () => {
  const wires = into(withNode("ReLU"));
  expect(wires).toContain(edgeId(wire("fc1.output > new.x")));
  expect(wires).toContain(edgeId(wire("new.output > act.x")));
  expect(wires).not.toContain(LAYERS);
});

test("a node that does not fit is not put in", () => {
  expect(into(withNode("Adam"))).toBeUndefined();
  expect(into(withNode("ReLU"), "no/such/wire/here")).toBeUndefined();
});

test("a node whose ports are taken is not put in; by a free one it is", () => {
  expect(into(withNode("ReLU", "fc2.output > new.x"))).toBeUndefined();
  expect(into(withNode("ReLU", "new.output > model.layers"))).toBeUndefined();
  const sum = withNode("Add");
  sum.nodes.push(node("side", "Linear"));
  sum.edges.push(wire("side.output > new.a"));
  expect(into(sum)).toContain(edgeId(wire("fc1.output > new.b")));
});

test("a node that leads to the wire, or is one of its ends, is not put in", () => {
  const downstream = graphOf({ a: "Linear", new: "Add", b: "ReLU" }, "a.output > b.x", "b.output > new.a");
  expect(into(downstream, edgeId(wire("a.output > b.x")))).toBeUndefined();
  expect(into(downstream, edgeId(wire("b.output > new.a")))).toBeUndefined();
});

test("the wire keeps its place among those of an input for many", () => {
  const graph = graphOf(
    { a: "Linear", b: "Linear", new: "ReLU", all: "Concat" },
    "a.output > all.inputs",
    "b.output > all.inputs",
  );
  expect(into(graph, edgeId(wire("a.output > all.inputs")))).toEqual([
    edgeId(wire("new.output > all.inputs")),
    edgeId(wire("b.output > all.inputs")),
    edgeId(wire("a.output > new.x")),
  ]);
});

test("a wire from a port of the open block takes a node too", () => {
  const inside = scopeOf(encoderGraph(), ["enc"]);
  const graph = { ...inside, nodes: [...inside.nodes, node("new", "ReLU")] };
  const from = { source: INPUTS, source_output: "input", target: "fc", target_input: "x" };
  expect(into(graph, edgeId(from))).toContain(edgeId({ ...from, target: "new" }));
});

test("types that fit both ends of a wire are distinguished from others", () => {
  const fits = (type: string): boolean => {
    const info = ALL[type];
    return info !== undefined && fitsIntoWire(sampleGraph(), ALL, info, LAYERS);
  };
  expect(["Linear", "Add", "Scale", "Adam", "MSELoss", "ModelAssembly"].filter(fits)).toEqual([
    "Linear",
    "Add",
    "Scale",
  ]);
});
