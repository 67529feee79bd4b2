import { beforeEach, describe, expect, test } from "vitest";
import { edgeId, findNode } from "@/features/graph/model/document";
import * as editing from "@/features/graph/store/editing";
import { openDocument, redo, undo, useGraph } from "@/features/graph/store/graph";
import {
  endRename,
  focusNode,
  select,
  startRename,
  toggleFrame,
  useViewState,
} from "@/features/graph/store/viewState";
import type { Graph } from "@/shared/api/types";
import { useUi } from "@/shared/store/ui";
import { TYPES } from "../../../helpers/catalogue";
import { graphOf, sampleGraph, wire } from "../../../helpers/graphs";
import { toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

const now = (): Graph => useGraph.getState().graph;
const ids = (): string[] => now().nodes.map(({ id }) => id);
const selected = (): string[] => [...useViewState.getState().nodes];
const stepsBack = (): number => useGraph.temporal.getState().pastStates.length;

beforeEach(() => freshPage(sampleGraph()));

describe("adding", () => {
  test("the new node is selected", () => {
    const id = editing.addNode(TYPES.ReLU, { x: 0, y: 0 });
    expect(selected()).toEqual([id]);
  });

  test("with the wire it was added for, it is one step", () => {
    editing.addNode(TYPES.ReLU, { x: 0, y: 0 }, (id) => wire(`fc2.output > ${id}.x`));
    expect(now().edges.at(-1)).toEqual(wire("fc2.output > relu1.x"));
    expect(stepsBack()).toBe(1);
  });

  test("in the middle, it covers no other", () => {
    openDocument({ graph: graphOf({}), graphId: null, version: null });
    editing.addAtCentre(TYPES.ReLU);
    editing.addAtCentre(TYPES.ReLU);
    const [first, second] = now().nodes;
    expect(first?.position).not.toEqual(second?.position);
  });

  test("a dataset comes with the node that reads it", () => {
    editing.addDatasetNode("iris.csv");
    expect(now().nodes.at(-1)).toMatchObject({ type: "CSVLoader", params: { file: "iris.csv" } });
  });
});

describe("wires", () => {
  test("one that fits is drawn and takes the place of the old one, in one step", () => {
    expect(editing.connectPorts(wire("act.output > model.layers"))).toBe(true);
    const into = now().edges.filter((edge) => edge.target === "model" && edge.target_input === "layers");
    expect(into).toEqual([wire("act.output > model.layers")]);
    undo();
    expect(now().edges).toContainEqual(wire("fc2.output > model.layers"));
  });

  test("one that does not fit is refused in a sentence", () => {
    expect(editing.connectPorts(wire("fc2.output > fc1.x"))).toBe(false);
    expect(stepsBack()).toBe(0);
    expect(toasts()).toContain("fc1 already leads to fc2: this wire would close a cycle.");
  });

  test("an input for many keeps them all", () => {
    openDocument({
      graph: graphOf({ a: "Accuracy", b: "Accuracy", train: "TrainingLoop" }),
      graphId: null,
      version: null,
    });
    editing.connectPorts(wire("a.metric > train.metrics"));
    editing.connectPorts(wire("b.metric > train.metrics"));
    expect(now().edges).toHaveLength(2);
  });

  test("an end is put elsewhere, also where only the old wire made a cycle", () => {
    openDocument({
      graph: graphOf({ a: "ReLU", b: "ReLU" }, "a.output > b.x"),
      graphId: null,
      version: null,
    });
    editing.reconnectWire(edgeId(wire("a.output > b.x")), wire("b.output > a.x"));
    expect(now().edges).toEqual([wire("b.output > a.x")]);
  });

  test("one is deleted", () => {
    editing.deleteWire(edgeId(wire("fc1.output > act.x")));
    expect(now().edges).not.toContainEqual(wire("fc1.output > act.x"));
  });
});

describe("deleting", () => {
  test("takes the selected nodes and wires in one step and selects nothing", () => {
    select(["act"], [edgeId(wire("mse.loss_fn > train.loss"))]);
    editing.deleteSelection();
    expect(ids()).not.toContain("act");
    expect(now().edges).not.toContainEqual(wire("mse.loss_fn > train.loss"));
    expect([selected(), stepsBack()]).toEqual([[], 1]);
  });

  test("a selection that an undo took away does not end the future", () => {
    editing.addNode(TYPES.ReLU, { x: 0, y: 0 });
    undo();
    editing.deleteSelection();
    redo();
    expect(ids()).toContain("relu1");
  });
});

describe("switching off", () => {
  test("all selected, and all on again", () => {
    select(["fc1", "act"]);
    editing.toggleDisabled();
    expect([findNode(now(), "fc1")?.disabled, findNode(now(), "act")?.disabled]).toEqual([true, true]);
    editing.toggleDisabled();
    expect([findNode(now(), "fc1")?.disabled, findNode(now(), "act")?.disabled]).toEqual([false, false]);
  });

  test("of a mixed selection first the rest goes off", () => {
    editing.toggleDisabled(new Set(["fc1"]));
    editing.toggleDisabled(new Set(["fc1", "act"]));
    expect([findNode(now(), "fc1")?.disabled, findNode(now(), "act")?.disabled]).toEqual([true, true]);
  });

  test("a node that cannot be disabled reports why", () => {
    editing.toggleDisabled(new Set(["mse"]));
    expect(findNode(now(), "mse")?.disabled).toBe(false);
    expect(toasts()).toContain("mse cannot be disabled.");
  });
});

describe("duplicating", () => {
  test("the copies are selected; nothing selected, nothing copied", () => {
    editing.duplicateSelection();
    expect(stepsBack()).toBe(0);
    select(["act"]);
    editing.duplicateSelection();
    expect(selected()).toEqual(["relu1"]);
  });
});

describe("deleting with the neighbours joined", () => {
  test("is one step, and reports the wires that could not be reconnected", () => {
    select(["act", "model"]);
    editing.deleteSelectionAndReconnect();
    expect(now().edges).toContainEqual(wire("fc1.output > fc2.x"));
    expect(stepsBack()).toBe(1);
    expect(toasts()).toContain("2 wires could not be reconnected: into adam and train.");
  });
});

describe("adding into a wire", () => {
  test("is one step", () => {
    const into = edgeId(wire("fc1.output > act.x"));
    const id = editing.addNode(TYPES.ReLU, { x: 0, y: 0 }, undefined, {}, into);
    expect(now().edges).toEqual(
      expect.arrayContaining([wire(`fc1.output > ${id}.x`), wire(`${id}.output > act.x`)]),
    );
    expect(now().edges).not.toContainEqual(wire("fc1.output > act.x"));
    undo();
    expect(now()).toEqual(sampleGraph());
  });
});

describe("tidy", () => {
  test("is an edit that can be undone", async () => {
    const before = now();
    await editing.tidyGraph();
    expect(now()).not.toBe(before);
    undo();
    expect(now()).toBe(before);
  });

  test("a document without positions gets its first layout, which is not an edit", async () => {
    const graph = sampleGraph();
    const bare = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, position: null })) };
    openDocument({ graph: bare, graphId: "g1", version: 1 });
    await editing.placeIfNeeded();
    expect(now().nodes.every(({ position }) => position !== null)).toBe(true);
    expect([stepsBack(), useGraph.getState().draft]).toEqual([0, "clean"]);
  });

  test("a document with places keeps them", async () => {
    const before = now();
    await editing.placeIfNeeded();
    expect(now()).toBe(before);
  });
});

describe("selection and view", () => {
  test("all nodes are selected", () => {
    editing.selectAll();
    expect(selected()).toEqual(ids());
  });

  test("a problem's node is selected and its drawer opens", () => {
    editing.showProblem("fc1", "problems");
    expect(selected()).toEqual(["fc1"]);
    expect(useUi.getState()).toMatchObject({ drawerOpen: true, drawerTab: "problems" });
  });

  test("a node is brought into view each time it is asked for", () => {
    focusNode("fc1");
    const { revealRequest } = useViewState.getState();
    focusNode("fc1");
    expect(useViewState.getState().revealRequest).toEqual({ kind: "node", id: "fc1" });
    expect(useViewState.getState().revealRequest).not.toBe(revealRequest);
  });

  test("the selected node is renamed, and nobody where none is", () => {
    startRename();
    expect(useViewState.getState().renaming).toBeNull();
    select(["fc1"]);
    startRename();
    expect(useViewState.getState().renaming).toBe("fc1");
    endRename();
    expect(useViewState.getState().renaming).toBeNull();
  });

  test("a frame is folded and unfolded", () => {
    toggleFrame("data");
    expect([...useViewState.getState().folded]).toEqual(["data"]);
    toggleFrame("data");
    expect([...useViewState.getState().folded]).toEqual([]);
  });
});
