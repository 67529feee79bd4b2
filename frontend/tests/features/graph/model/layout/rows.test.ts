import { describe, expect, test } from "vitest";
import { CARD, portTopOf, ROW } from "@/features/graph/model/card";
import { nodeHeight, rowsOf } from "@/features/graph/model/layout/rows";
import { routeBetweenRows, routePath } from "@/features/graph/model/layout/wireRouting";
import { ALL } from "../../../../helpers/blocks";
import { graphOf, sampleGraph } from "../../../../helpers/graphs";

const layers = (count: number, ...more: string[]) =>
  graphOf(
    Object.fromEntries([
      ...Array.from({ length: count }, (_, i) => [`l${i}`, i % 2 ? "ReLU" : "Linear"]),
      ...more.map((type) => [type, type]),
    ]),
  );

test("from thirteen layers on they are rows; what assembles and trains them stays a card", () => {
  expect(rowsOf(sampleGraph(), ALL).size).toBe(0);
  expect(rowsOf(layers(12), ALL).size).toBe(0);
  const long = layers(13, "ModelAssembly", "Adam", "CSVLoader", "Add", "NoSuchType");
  expect([...rowsOf(long, ALL)]).toEqual([...Array.from({ length: 13 }, (_, i) => `l${i}`), "Add"]);
  const heights = long.nodes.map((node) => nodeHeight(long, ALL, node));
  expect(heights[0]).toBe(ROW.height);
  expect(heights[13]).toBeGreaterThan(ROW.height);
  expect(rowsOf(long, ALL)).toBe(rowsOf(long, ALL));
});

test("a model that was laid out as rows stays so when it becomes shorter; a heap of cards does not become one", () => {
  const at = (count: number, step: number) => {
    const graph = layers(count);
    const nodes = graph.nodes.map((node, index) => ({ ...node, position: { x: 0, y: index * step } }));
    return rowsOf({ ...graph, nodes }, ALL).size;
  };
  expect(at(9, 50)).toBe(9);
  expect(at(9, 120)).toBe(0);
  expect(at(4, 50)).toBe(0);
});

test("the ports of a row share its height", () => {
  const top = (port: string) => portTopOf(ALL.Add, true, { side: "target", port });
  expect([top("a"), top("b")]).toEqual([10, 20]);
  expect(portTopOf(ALL.ReLU, true, { side: "source", port: "output" })).toBe(ROW.height / 2);
});

describe("a wire between rows", () => {
  const row = (x: number, y: number) => ({ x, y, width: CARD.width, height: ROW.height });

  test("runs straight down to the next one", () => {
    const route = routeBetweenRows(row(0, 0), row(0, 50));
    expect(route).toEqual({
      ends: [
        { x: 90, y: 30 },
        { x: 90, y: 50 },
      ],
    });
    expect(route?.ends && routePath(route.ends)).toBe("M90 30C90 40 90 40 90 50");
  });

  test("past others it runs in a bow beside them", () => {
    const route = routeBetweenRows(row(0, 0), row(0, 300));
    expect(route?.ends?.[0]).toEqual({ x: CARD.width, y: 15 });
    expect(route?.bow).toBeGreaterThan(20);
  });

  test("upwards, and into another column, it runs as between cards", () => {
    expect(routeBetweenRows(row(0, 300), row(0, 0))).toBeNull();
    expect(routeBetweenRows(row(0, 0), row(300, 50))).toBeNull();
  });
});
