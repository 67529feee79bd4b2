import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import * as doc from "@/features/graph/model/document";
import { amend, edit, isDirty, openDocument, redo, undo, useGraph } from "@/features/graph/store/graph";
import type { Graph } from "@/shared/api/types";
import { TYPES } from "../../../helpers/catalogue";
import { graphOf, sampleGraph, wire } from "../../../helpers/graphs";
import { freshPage } from "../../../helpers/stores";

const start = sampleGraph();
const now = (): Graph => useGraph.getState().graph;
const steps = (): [past: number, future: number] => {
  const { pastStates, futureStates } = useGraph.temporal.getState();
  return [pastStates.length, futureStates.length];
};

beforeEach(() => freshPage(start));

describe("every edit is one step, back and forth", () => {
  const fc1 = new Set(["fc1"]);
  const none = new Set<string>();
  const edits: [string, Edit][] = [
    ["a node is added", (graph) => doc.addNode(graph, TYPES.ReLU, { x: 0, y: 0 }).graph],
    ["a node is removed with its wires", (graph) => doc.remove(graph, fc1, none)],
    ["a wire is drawn", (graph) => doc.connect(graph, wire("act.output > model.layers"), false)],
    [
      "a wire is removed",
      (graph) => doc.remove(graph, none, new Set([doc.edgeId(wire("fc1.output > act.x"))])),
    ],
    ["a node is renamed", (graph) => doc.renameNode(graph, "fc1", "Hidden")],
    ["the graph is renamed", (graph) => doc.renameGraph(graph, "Other")],
    ["a node is switched off", (graph) => doc.setDisabled(graph, fc1, true)],
    ["a parameter is set", (graph) => doc.setParam(graph, "fc1", "out_features", 8)],
    ["nodes are moved", (graph) => doc.moveNodes(graph, new Map([["fc1", { x: 50, y: 0 }]]))],
  ];
  test.each(edits)("%s", (_what, change) => {
    edit(change);
    const after = now();
    expect(after).not.toEqual(start);
    undo();
    expect(now()).toBe(start);
    redo();
    expect(now()).toBe(after);
  });
});

test("a change without effect is not a step", () => {
  edit((graph) => doc.renameNode(graph, "fc1", ""));
  expect(steps()).toEqual([0, 0]);
  expect(useGraph.getState().draft).toBe("clean");
});

test("an edit after an undo ends the other future", () => {
  edit((graph) => doc.renameGraph(graph, "One"));
  undo();
  edit((graph) => doc.renameGraph(graph, "Two"));
  redo();
  expect(now().name).toBe("Two");
});

test("state outside the document, such as its report, is not a step", () => {
  useGraph.setState({ validating: true });
  expect(steps()).toEqual([0, 0]);
});

test("two hundred steps are kept", () => {
  for (let i = 0; i < 210; i++) edit((graph) => doc.renameGraph(graph, `Name ${i}`));
  expect(steps()).toEqual([200, 0]);
});

test("another document has a history of its own", () => {
  edit((graph) => doc.renameGraph(graph, "One"));
  openDocument({ graph: graphOf({}), graphId: null, version: null });
  undo();
  expect(now().nodes).toEqual([]);
});

type Edit = (graph: Graph) => Graph;

/** Any edit of any node; an edit of a graph without nodes changes nothing. */
const anyEdit: fc.Arbitrary<Edit> = fc
  .record({
    kind: fc.constantFrom("add", "remove", "connect", "rename", "disable", "param", "paste"),
    info: fc.constantFrom(...Object.values(TYPES)),
    one: fc.nat(20),
    other: fc.nat(20),
    text: fc.string(),
  })
  .map(({ kind, info, one, other, text }) => (graph) => {
    const idAt = (place: number): string => graph.nodes[place % graph.nodes.length]?.id ?? "none";
    const [id, ids] = [idAt(one), new Set([idAt(one)])];
    const edits: Record<typeof kind, () => Graph> = {
      add: () => doc.addNode(graph, info, { x: 0, y: 0 }).graph,
      remove: () => doc.remove(graph, ids, new Set()),
      connect: () => doc.connect(graph, wire(`${id}.output > ${idAt(other)}.x`), false),
      rename: () => doc.renameNode(graph, id, text),
      disable: () => doc.setDisabled(graph, ids, other % 2 === 0),
      param: () => doc.setParam(graph, id, "p", text),
      paste: () => doc.insert(graph, doc.fragmentOf(graph, ids), { x: 30, y: 30 }).graph,
    };
    return edits[kind]();
  });

test("any series of edits, undone, gives the first document, and redone the last", () => {
  fc.assert(
    fc.property(fc.array(anyEdit, { maxLength: 25 }), (edits) => {
      openDocument({ graph: start, graphId: null, version: null });
      for (const change of edits) edit(change);
      const last = now();
      while (steps()[0] > 0) undo();
      expect(now()).toBe(start);
      while (steps()[1] > 0) redo();
      expect(now()).toBe(last);
    }),
    { numRuns: 50 },
  );
});

describe("what is kept of it", () => {
  test("an edit waits to be kept", () => {
    edit((graph) => doc.renameGraph(graph, "One"));
    expect(useGraph.getState().draft).toBe("pending");
    expect(isDirty(useGraph.getState())).toBe(true);
  });

  test.each([
    ["an undo", undo],
    ["a redo", redo],
  ])("%s waits from the moment in which the document changes", (_what, step) => {
    edit((graph) => doc.renameGraph(graph, "One"));
    edit((graph) => doc.renameGraph(graph, "Two"));
    undo();
    useGraph.setState({ draft: "server" });
    const seen: string[] = [];
    const stop = useGraph.subscribe((state, before) => {
      if (state.graph !== before.graph) seen.push(state.draft);
    });
    step();
    stop();
    expect(seen).toEqual(["pending"]);
  });

  test.each([
    ["undone", undo],
    ["redone", redo],
  ])("where nothing can be %s, nothing waits", (_what, step) => {
    step();
    expect(useGraph.getState().draft).toBe("clean");
  });

  test("back at the saved version, the document is not dirty", () => {
    edit((graph) => doc.renameGraph(graph, "One"));
    undo();
    expect(isDirty(useGraph.getState())).toBe(false);
  });
});

test("a first layout is neither a step nor an edit", () => {
  amend((graph) => doc.moveNodes(graph, new Map([["fc1", { x: 50, y: 0 }]])));
  expect(now().nodes).toContainEqual(expect.objectContaining({ id: "fc1", position: { x: 50, y: 0 } }));
  expect(steps()).toEqual([0, 0]);
  expect(isDirty(useGraph.getState())).toBe(false);
});
