import { describe, expect, test } from "vitest";
import * as doc from "@/features/graph/model/document";
import type { Graph } from "@/shared/api/types";
import { TYPES } from "../../../helpers/catalogue";
import { graphOf, sampleGraph, wire } from "../../../helpers/graphs";

const nodeOf = (graph: Graph, id: string) => doc.findNode(graph, id);
const AT = { x: 10, y: 20 };

describe("addNode", () => {
  test("the node has an id and a name of its own, and no parameter stated", () => {
    const { graph, id } = doc.addNode(doc.emptyGraph(), TYPES.MSELoss, AT);
    expect(nodeOf(graph, id)).toEqual({
      id: "mseloss1",
      type: "MSELoss",
      name: "MSE Loss",
      disabled: false,
      version: 1,
      position: AT,
      params: {},
    });
  });

  test("the second of a type is numbered", () => {
    const first = doc.addNode(doc.emptyGraph(), TYPES.ReLU, AT).graph;
    const { graph, id } = doc.addNode(first, TYPES.ReLU, AT);
    expect([id, nodeOf(graph, id)?.name]).toEqual(["relu2", "ReLU 2"]);
  });

  test("parameters may be given", () => {
    const { graph, id } = doc.addNode(doc.emptyGraph(), TYPES.CSVLoader, AT, { file: "iris.csv" });
    expect(nodeOf(graph, id)?.params).toEqual({ file: "iris.csv" });
  });
});

describe("parameters", () => {
  const graph = graphOf({ fc1: { type: "Linear", params: { out_features: 8 } }, act: "ReLU" });

  test("one is set, the other nodes stay the same objects", () => {
    const next = doc.setParam(graph, "fc1", "bias", false);
    expect(nodeOf(next, "fc1")?.params).toEqual({ out_features: 8, bias: false });
    expect(nodeOf(next, "act")).toBe(nodeOf(graph, "act"));
  });

  test("the value it had changes nothing", () => {
    expect(doc.setParam(graph, "fc1", "out_features", 8)).toBe(graph);
  });
});

describe("edits that change nothing give the same document", () => {
  const graph = sampleGraph();
  const nobody = new Set(["gone"]);
  test.each([
    ["rename to the same name", doc.renameNode(graph, "fc1", "")],
    ["rename of a node that is gone", doc.renameNode(graph, "gone", "x")],
    ["the same graph name", doc.renameGraph(graph, "Test graph")],
    ["enable what is enabled", doc.setDisabled(graph, new Set(["fc1"]), false)],
    ["move to the same place", doc.moveNodes(graph, new Map([["fc1", { x: 0, y: 0 }]]))],
    ["a wire that is there", doc.connect(graph, wire("fc1.output > act.x"), false)],
    ["remove nothing", doc.remove(graph, new Set(), new Set())],
    ["remove what is gone", doc.remove(graph, nobody, nobody)],
  ])("%s", (_what, next) => {
    expect(next).toBe(graph);
  });
});

describe("wires", () => {
  const graph = graphOf(
    { fc1: "Linear", fc2: "Linear", act: "ReLU", sum: "Add" },
    "fc1.output > act.x",
    "fc1.output > sum.a",
  );

  test("an input that takes one wire loses the one it had", () => {
    const next = doc.connect(graph, wire("fc2.output > act.x"), false);
    expect(next.edges).toEqual([wire("fc1.output > sum.a"), wire("fc2.output > act.x")]);
  });

  test("an input that takes many keeps them", () => {
    expect(doc.connect(graph, wire("fc2.output > act.x"), true).edges).toHaveLength(3);
  });

  test("one end is put elsewhere", () => {
    const next = doc.reconnect(
      graph,
      doc.edgeId(wire("fc1.output > act.x")),
      wire("fc1.output > sum.b"),
      false,
    );
    expect(next.edges).toEqual([wire("fc1.output > sum.a"), wire("fc1.output > sum.b")]);
  });

  test("put back where it was, nothing changes", () => {
    const edge = wire("fc1.output > act.x");
    expect(doc.reconnect(graph, doc.edgeId(edge), edge, false)).toBe(graph);
  });

  test("keys are unlike also where names hold a slash", () => {
    expect(doc.edgeId(wire("a/b.c > d.e"))).not.toBe(doc.edgeId(wire("a.b/c > d.e")));
  });

  test("a node takes its wires along when it goes", () => {
    const next = doc.remove(graph, new Set(["fc1"]), new Set());
    expect(next.nodes.map(({ id }) => id)).toEqual(["fc2", "act", "sum"]);
    expect(next.edges).toEqual([]);
  });
});

describe("copying", () => {
  const graph = graphOf(
    { fc1: { type: "Linear", name: "Hidden", params: { out_features: 8 } }, act: "ReLU", sum: "Add" },
    "fc1.output > act.x",
    "act.output > sum.a",
  );

  test("a fragment has the wires between its nodes only", () => {
    const fragment = doc.fragmentOf(graph, new Set(["fc1", "act"]));
    expect(fragment.edges).toEqual([wire("fc1.output > act.x")]);
  });

  test("it is inserted under new ids and names, wired as it was, a little aside", () => {
    const fragment = doc.fragmentOf(graph, new Set(["fc1", "act"]));
    const { graph: next, ids } = doc.insert(graph, fragment, AT);
    expect(ids).toEqual(["linear1", "relu1"]);
    expect(nodeOf(next, "linear1")).toMatchObject({
      name: "Hidden 2",
      params: { out_features: 8 },
      position: AT,
    });
    expect(next.edges).toContainEqual(wire("linear1.output > relu1.x"));
    expect(next.nodes.slice(0, 3)).toEqual(graph.nodes);
  });
});

describe("sameMeaning", () => {
  const graph = sampleGraph();
  test("places do not count", () => {
    expect(doc.sameMeaning(graph, doc.moveNodes(graph, new Map([["fc1", AT]])))).toBe(true);
  });
  test.each([
    ["a parameter", doc.setParam(graph, "fc1", "bias", false)],
    ["a name, which the sentences hold", doc.renameNode(graph, "fc1", "x")],
    ["a node that is off", doc.setDisabled(graph, new Set(["act"]), true)],
    ["a node more", doc.addNode(graph, TYPES.ReLU, AT).graph],
    ["a wire less", doc.remove(graph, new Set(), new Set([doc.edgeId(wire("fc1.output > act.x"))]))],
  ])("%s counts", (_what, other) => {
    expect(doc.sameMeaning(graph, other)).toBe(false);
  });
});
