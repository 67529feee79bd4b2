import { beforeEach, expect, test } from "vitest";
import { sharedParams } from "@/features/graph/model/params";
import { undo, useGraph } from "@/features/graph/store/graph";
import { commitParam, resetParams } from "@/features/graph/store/params";
import { TYPES } from "../../../helpers/catalogue";
import { sampleGraph } from "../../../helpers/graphs";
import { freshPage } from "../../../helpers/stores";

beforeEach(() => freshPage(sampleGraph()));

const steps = (): number => useGraph.temporal.getState().pastStates.length;
const widths = () =>
  useGraph
    .getState()
    .graph.nodes.flatMap(({ type, params }) => (type === "Linear" ? [params.out_features ?? 64] : []));
const shared = () => {
  const { graph } = useGraph.getState();
  const found = sharedParams(graph, TYPES, graph.nodes).find(({ param }) => param.name === "out_features");
  if (!found) throw new Error("two layers share their width");
  return found.targets;
};

test("a value for several nodes is one undo step", () => {
  commitParam(shared(), 8);
  expect(widths()).toEqual([8, 8]);
  expect(steps()).toBe(1);
  undo();
  expect(widths()).toEqual([64, 64]);
});

test("so is the way back to their defaults", () => {
  commitParam(shared(), 8);
  resetParams(shared());
  expect(widths()).toEqual([64, 64]);
  expect(steps()).toBe(2);
  undo();
  expect(widths()).toEqual([8, 8]);
});

test("a value that all have is none", () => {
  commitParam(shared(), 64);
  expect(steps()).toBe(0);
});
