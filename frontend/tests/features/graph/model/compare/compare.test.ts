import { describe, expect, test } from "vitest";
import { cautions, graphDifferences, obstacles } from "@/features/graph/model/compare/compare";
import * as doc from "@/features/graph/model/document";
import { TYPES } from "../../../../helpers/catalogue";
import { sampleGraph, wire } from "../../../../helpers/graphs";
import { runOf } from "../../../../helpers/runs";

const graph = sampleGraph();

describe("what differs between two graphs", () => {
  const { graph: wider } = doc.addNode(graph, TYPES.ReLU, { x: 0, y: 0 });
  test.each([
    ["nothing", graph, []],
    ["a default that is stated", doc.setParam(graph, "fc1", "out_features", 64), []],
    ["places", doc.moveNodes(graph, new Map([["fc1", { x: 9, y: 9 }]])), []],
    ["a parameter", doc.setParam(graph, "fc1", "out_features", 8), ["fc1: out features 64 → 8"]],
    ["a switch", doc.setParam(graph, "fc1", "bias", false), ["fc1: bias on → off"]],
    ["a list", doc.setParam(graph, "adam", "betas", [0.8, 0.999]), ["adam: betas 0.9, 0.999 → 0.8, 0.999"]],
    ["a node that is off", doc.setDisabled(graph, new Set(["act"]), true), ["act was disabled"]],
    ["a name", doc.renameNode(graph, "fc1", "Hidden"), ["fc1 was renamed to Hidden"]],
    ["a node more", wider, ["ReLU was added"]],
    ["a node less", doc.remove(graph, new Set(["act"]), new Set()), ["act (ReLU) was removed"]],
    [
      "a wire less",
      doc.remove(graph, new Set(), new Set([doc.edgeId(wire("fc1.output > act.x"))])),
      ["The wire from fc1 to act (x) was removed"],
    ],
  ])("%s", (_what, after, sentences) => {
    expect(graphDifferences(graph, after, TYPES)).toEqual(sentences);
  });

  test("a node of another type under the same id", () => {
    const nodes = graph.nodes.map((node) => (node.id === "mse" ? { ...node, type: "L1Loss" } : node));
    expect(graphDifferences(graph, { ...graph, nodes }, TYPES)).toEqual(["mse: MSE Loss → L1 Loss"]);
  });
});

describe("what makes figures hard to compare", () => {
  const use = { node: "csv", param: "file", id: "d1", name: "iris.csv", sha256: "aa" };
  const base = { run: runOf("a", { datasets: [use] }), graph };

  test("the same data, split and loss: nothing", () => {
    expect(obstacles(base, { run: runOf("b", { datasets: [use] }), graph }, TYPES)).toEqual([]);
  });
  test("other data", () => {
    const run = runOf("b", { datasets: [{ ...use, name: "wine.csv", sha256: "bb" }] });
    expect(obstacles(base, { run, graph }, TYPES)).toEqual([
      "Not comparable: iris.csv and wine.csv are different data.",
    ]);
  });
  test("another split", () => {
    const other = doc.setParam(graph, "split", "val_ratio", 0.5);
    expect(obstacles(base, { run: base.run, graph: other }, TYPES)).toHaveLength(1);
  });
  test("another loss", () => {
    const nodes = graph.nodes.map((node) => (node.id === "mse" ? { ...node, type: "L1Loss" } : node));
    expect(obstacles(base, { run: base.run, graph: { ...graph, nodes } }, TYPES)).toEqual([
      "Not comparable: the losses are different functions.",
    ]);
  });
});

test("seeds and times that differ are named", () => {
  const { progress } = runOf("a");
  const runs = [runOf("a"), runOf("b", { seed: 1, progress: { ...progress, epoch: 5 } })];
  expect(cautions(runs)).toEqual([
    "One seed each: this may be chance.",
    "The seeds differ, which explains part of any difference.",
    "Trained for different numbers of epochs: 0 epochs, 5 epochs.",
  ]);
});
