import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { useRunMessage, useRunState } from "@/features/canvas/ui/cards/useRunState";
import { renameNode, setParam } from "@/features/graph/model/document";
import { edit, useGraph } from "@/features/graph/store/graph";
import { useRuns } from "@/features/runs/store/runs";
import { sampleGraph } from "../../../../helpers/graphs";
import { runOf } from "../../../../helpers/runs";
import { freshPage } from "../../../../helpers/stores";

beforeEach(() => {
  freshPage(sampleGraph());
  const run = runOf("r1", { graph_name: useGraph.getState().graph.name });
  useRuns.setState({ runs: { r1: run }, activeRunId: "r1", nodes: { fc1: { status: "running" } } });
});

test("a card follows its node in the run that is shown, and only while that run's graph is open", () => {
  const state = renderHook(() => useRunState("fc1")).result;
  const message = renderHook(() => useRunMessage("fc1")).result;
  expect([state.current, message.current]).toEqual(["running", undefined]);
  act(() => useRuns.setState({ nodes: { fc1: { status: "failed", message: "No room." } } }));
  expect([state.current, message.current]).toEqual(["failed", "No room."]);
  act(() => useGraph.setState(({ graph }) => ({ graph: { ...graph, name: "Another" } })));
  expect(state.current).toBe("idle");
});

test("an edit elsewhere in the document redraws no card", () => {
  let drawn = 0;
  renderHook(() => {
    drawn += 1;
    return useRunState("fc1");
  });
  act(() => edit((graph) => renameNode(graph, "csv", "data")));
  act(() => edit((graph) => setParam(graph, "fc1", "out_features", 3)));
  expect(drawn).toBe(1);
});
