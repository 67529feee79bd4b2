import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { undo, useGraph } from "@/features/graph/store/graph";
import { nudge } from "@/features/graph/store/nudge";
import { select } from "@/features/graph/store/viewState";
import { graphOf, node } from "../../../helpers/graphs";
import { freshPage } from "../../../helpers/stores";

const places = () =>
  useGraph.getState().graph.nodes.map(({ position }) => position && [position.x, position.y]);
const steps = () => useGraph.temporal.getState().pastStates.length;

beforeEach(() => {
  vi.useFakeTimers();
  const nodes = [
    { ...node("a", "Linear"), position: { x: 0, y: 0 } },
    { ...node("b", "Linear"), position: { x: 100, y: 0 } },
  ];
  freshPage({ ...graphOf({}), nodes });
});
afterEach(() => vi.useRealTimers());

test("the selected nodes move by a step of the grid, or by five", () => {
  select(["a"]);
  nudge("right", false);
  nudge("down", true);
  expect(places()).toEqual([
    [10, 50],
    [100, 0],
  ]);
});

test("presses that follow soon are one step of undo; one that comes later, or for others, is another", () => {
  select(["a"]);
  nudge("right", false);
  nudge("right", false);
  nudge("up", false);
  expect(steps()).toBe(1);
  vi.advanceTimersByTime(2000);
  nudge("right", false);
  expect(steps()).toBe(2);
  select(["b"]);
  nudge("right", false);
  expect(steps()).toBe(3);
  undo();
  undo();
  undo();
  expect(places()).toEqual([
    [0, 0],
    [100, 0],
  ]);
});

test("with nothing selected nothing moves", () => {
  nudge("left", true);
  expect(steps()).toBe(0);
});
