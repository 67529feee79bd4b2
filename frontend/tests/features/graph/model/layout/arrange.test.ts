import { describe, expect, test } from "vitest";
import { arranged } from "@/features/graph/model/layout/arrange";

const nodes = [
  { id: "a", x: 0, y: 10, width: 100, height: 50 },
  { id: "b", x: 130, y: 0, width: 200, height: 20 },
  { id: "c", x: 400, y: 100, width: 100, height: 50 },
];
const places = (how: Parameters<typeof arranged>[1]) => Object.fromEntries(arranged(nodes, how));

describe("in line", () => {
  test.each([
    ["left", { a: { x: 0, y: 10 }, b: { x: 0, y: 0 }, c: { x: 0, y: 100 } }],
    ["top", { a: { x: 0, y: 0 }, b: { x: 130, y: 0 }, c: { x: 400, y: 0 } }],
    ["right", { a: { x: 400, y: 10 }, b: { x: 300, y: 0 }, c: { x: 400, y: 100 } }],
    ["bottom", { a: { x: 0, y: 100 }, b: { x: 130, y: 130 }, c: { x: 400, y: 100 } }],
  ] as const)("%s", (how, to) => {
    expect(places(how)).toEqual(to);
  });
});

describe("evenly apart, the outermost stay", () => {
  test("across", () => {
    expect(places("across")).toEqual({ a: { x: 0, y: 10 }, b: { x: 150, y: 0 }, c: { x: 400, y: 100 } });
  });
  test("down, in the order in which they lie", () => {
    expect(places("down")).toEqual({ b: { x: 130, y: 0 }, a: { x: 0, y: 35 }, c: { x: 400, y: 100 } });
  });
  test("two are apart as they are", () => {
    expect(arranged(nodes.slice(0, 2), "across").size).toBe(0);
  });
});
