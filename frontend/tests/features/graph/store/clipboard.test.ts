import { beforeEach, describe, expect, test, vi } from "vitest";
import { findNode } from "@/features/graph/model/document";
import { copySelection, cutSelection, paste, pasteText, takeCopy } from "@/features/graph/store/clipboard";
import { openDocument, undo, useGraph } from "@/features/graph/store/graph";
import { select, useViewState } from "@/features/graph/store/viewState";
import type { Graph } from "@/shared/api/types";
import { graphOf, sampleGraph, wire } from "../../../helpers/graphs";
import { toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

const now = (): Graph => useGraph.getState().graph;
const ids = (): string[] => now().nodes.map(({ id }) => id);
const selected = (): string[] => [...useViewState.getState().nodes];
const stepsBack = (): number => useGraph.temporal.getState().pastStates.length;
const place = (id: string) => findNode(now(), id)?.position;

const copied = (...nodes: string[]): string => {
  select(nodes);
  return takeCopy() ?? "";
};

beforeEach(() => freshPage(sampleGraph()));

describe("copy and paste", () => {
  test("the copies are selected, wired as they were, and each paste lies further on", async () => {
    const text = copied("fc1", "act");
    await pasteText(text);
    expect(selected()).toEqual(["linear1", "relu1"]);
    expect(now().edges).toContainEqual(wire("linear1.output > relu1.x"));
    await pasteText(text);
    expect([place("relu1"), place("relu2")]).toEqual([
      { x: 30, y: 30 },
      { x: 60, y: 60 },
    ]);
    undo();
    undo();
    expect(now()).toEqual(sampleGraph());
  });

  test("over the canvas, the nodes come to the pointer", async () => {
    useViewState.setState({
      camera: {
        toDocument: ({ x, y }) => ({ x: x * 2, y: y * 2 }),
        middle: () => ({ x: 0, y: 0 }),
        view: () => ({ x: 0, y: 0, zoom: 0.5 }),
        seen: () => ({ x: 0, y: 0, width: 4000, height: 4000 }),
        pointer: () => ({ at: { x: 1000, y: 600 }, over: true, alt: false }),
      },
    });
    await pasteText(copied("act"));
    expect(place("relu1")).toEqual({ x: 1910, y: 1180 });
  });

  test("what lies out of sight comes into the middle of what is seen", async () => {
    useViewState.setState({
      camera: {
        toDocument: (at) => at,
        middle: () => ({ x: 0, y: 0 }),
        view: () => ({ x: 0, y: 0, zoom: 1 }),
        seen: () => ({ x: 5000, y: 5000, width: 1000, height: 1000 }),
        pointer: () => ({ at: { x: 0, y: 0 }, over: false, alt: false }),
      },
    });
    await pasteText(copied("act"));
    expect(place("relu1")).toEqual({ x: 5410, y: 5480 });
  });

  test("cut takes the nodes out; they can be put back where they were, and into another document", async () => {
    const apart = sampleGraph();
    const nodes = apart.nodes.map((one, row) => ({ ...one, position: { x: 0, y: 100 * row } }));
    openDocument({ graph: { ...apart, nodes }, graphId: null, version: null });
    select(["fc1", "act"]);
    await cutSelection();
    expect([ids().includes("fc1"), stepsBack()]).toEqual([false, 1]);
    await pasteText("");
    expect(place("linear1")).toEqual({ x: 0, y: 200 });
    openDocument({ graph: graphOf({}), graphId: null, version: null });
    await pasteText("");
    expect(ids()).toEqual(["linear1", "relu1"]);
  });

  test("keeping the inputs, wires from nodes that are here come along, each to its place", async () => {
    const graph = graphOf(
      { a: "Linear", b: "Linear", c: "Linear", train: "TrainingLoop", x: "Accuracy", y: "Accuracy" },
      "x.metric > train.metrics",
      "a.output > b.x",
      "y.metric > train.metrics",
    );
    openDocument({ graph, graphId: null, version: null });
    const text = copied("b", "y", "train");
    await pasteText(text, { keepInputs: true });
    expect(now().edges.slice(3)).toEqual([
      wire("x.metric > trainingloop1.metrics"),
      wire("a.output > linear1.x"),
      wire("accuracy1.metric > trainingloop1.metrics"),
    ]);
    openDocument({ graph: graphOf({ a: "MSELoss" }), graphId: null, version: null });
    await pasteText(text, { keepInputs: true });
    expect(now().edges).toEqual([wire("accuracy1.metric > trainingloop1.metrics")]);
  });

  test("a whole graph file brings its nodes, laid out if it has no positions", async () => {
    openDocument({ graph: graphOf({ first: "Linear" }), graphId: null, version: null });
    const file = {
      nodes: [
        { id: "p", type: "Linear" },
        { id: "q", type: "ReLU" },
      ],
      edges: [wire("p.output > q.x")],
    };
    await pasteText(JSON.stringify(file));
    expect(now().edges).toEqual([wire("linear1.output > relu1.x")]);
    expect(place("linear1")).not.toEqual(place("relu1"));
  });

  test.each([
    ["hello", /is not a graph/],
    ["{", /not valid JSON/],
    ['{"a": 1}', /no list of nodes/],
    ['{"nodes": []}', /has no nodes/],
    ['{"nodes": [{"id": 1}]}', /no id or no type/],
    ['{"nodes": [], "blocks": {"b": {"nodes": [], "inputs": {"x": 3}}}}', /ports of the block “b”/],
  ])("%s is refused in a sentence", async (text, message) => {
    await pasteText(text);
    expect(toasts().join()).toMatch(message);
    expect(stepsBack()).toBe(0);
  });

  test("nothing selected, nothing copied; nothing copied, nothing pasted", async () => {
    await copySelection();
    await cutSelection();
    await pasteText("");
    expect(stepsBack()).toBe(0);
    expect(toasts()).toContain("There is nothing to paste. Copy nodes first.");
  });
});

describe("by a command", () => {
  test("the system's clipboard is written and read", async () => {
    const texts: string[] = [];
    const clipboard = {
      writeText: async (text: string) => void texts.push(text),
      readText: async () => texts.at(-1) ?? "",
    };
    vi.stubGlobal("navigator", { ...navigator, clipboard });
    select(["act"]);
    await copySelection();
    localStorage.clear();
    await paste();
    expect(ids()).toContain("relu1");
    vi.unstubAllGlobals();
  });

  test("without it, the browser keeps what was copied", async () => {
    select(["act"]);
    await copySelection();
    await paste();
    expect(ids()).toContain("relu1");
  });
});
