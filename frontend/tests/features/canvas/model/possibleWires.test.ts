import { expect, test } from "vitest";
import { possibleWires } from "@/features/canvas/model/possibleWires";
import { whyNotConnect } from "@/features/graph/model/connections/connection";
import { scopeOf } from "@/features/graph/model/scope";
import { ALL, encoderGraph } from "../../../helpers/blocks";
import { graphOf } from "../../../helpers/graphs";

const chain = () => graphOf({ a: "Linear", b: "ReLU", c: "Linear" }, "a.output > b.x");
const listed = (node: string, graph = chain()) =>
  possibleWires(graph, ALL, node).map(({ from, to }) => `${from} > ${to}`);

test("every wire that is possible and not there yet, from the outputs first", () => {
  expect(listed("a")).toEqual(["output > c · x", "x > c · output"]);
  expect(listed("c")).toEqual(["output > a · x", "output > b · x", "x > a · output", "x > b · output"]);
});

test("a wire that replaces another is marked", () => {
  const joins = possibleWires(chain(), ALL, "c");
  expect(joins.find(({ to }) => to === "b · x")?.replaces).toBe(true);
  expect(joins.find(({ to }) => to === "a · x")?.replaces).toBe(false);
});

test("inside a block its own ports are among them, and all can be drawn", () => {
  const inside = scopeOf(encoderGraph(), ["enc"]);
  const joins = possibleWires(inside, ALL, "fc");
  expect(joins.some(({ to }) => to.includes("new port"))).toBe(true);
  for (const { edge } of joins) expect(whyNotConnect(inside, ALL, edge)).toBeNull();
});

test("a node of an unknown type has none", () => {
  expect(possibleWires(graphOf({ odd: "NoSuchType", a: "Linear" }), ALL, "odd")).toEqual([]);
});
