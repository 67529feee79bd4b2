import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CARD, cardHeight, GRID } from "@/features/graph/model/card";
import {
  type FrameKind,
  frameOf,
  frameRect,
  groupRect,
  type Rect,
} from "@/features/graph/model/layout/frames";
import { tidy } from "@/features/graph/model/layout/layout";
import { nodeHeight } from "@/features/graph/model/layout/rows";
import type { Graph, GraphNode, Group } from "@/shared/api/types";
import { TYPES } from "../../../../helpers/catalogue";
import { graphOf, sampleGraph } from "../../../../helpers/graphs";

const typeOf = (type: string) => TYPES[type as keyof typeof TYPES];

function rects(graph: Graph): Map<string, Rect> {
  const places = tidy(graph, TYPES);
  return new Map(
    graph.nodes.map(({ id, type }) => {
      const { x, y } = places.get(id) ?? { x: Number.NaN, y: Number.NaN };
      const node = { id, type } as GraphNode;
      return [id, { x, y, width: CARD.width, height: nodeHeight(graph, TYPES, node) }];
    }),
  );
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function pairs<Item>(items: Item[]): [Item, Item][] {
  return items.flatMap((a, i) => items.slice(i + 1).map((b): [Item, Item] => [a, b]));
}

function expectTidy(graph: Graph): void {
  const placed = [...rects(graph).values()];
  for (const { x, y } of placed) expect([x % GRID, y % GRID].map(Math.abs)).toEqual([0, 0]);
  for (const [a, b] of pairs(placed)) expect(overlap(a, b)).toBe(false);
}

test("every card of the sample network has a place on the grid and none lies on another", () => {
  expectTidy(sampleGraph());
});

test("so it is for any graph, also one with a cycle or with types that are not known", () => {
  const types = fc.array(fc.constantFrom(...Object.keys(TYPES), "Retired"), { minLength: 1, maxLength: 20 });
  const ends = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 24 });
  fc.assert(
    fc.property(types, ends, (chosen, wires) => {
      const nodes = Object.fromEntries(chosen.map((type, index) => [`n${index}`, type]));
      expectTidy(graphOf(nodes, ...wires.map(([from, to]) => `n${from}.output > n${to}.x`)));
    }),
    { numRuns: 40 },
  );
});

test("the frames of the sample network lie beside each other", () => {
  const graph = sampleGraph();
  const placed = rects(graph);
  const members: Record<FrameKind, Rect[]> = { data: [], model: [], training: [] };
  for (const { id, type } of graph.nodes) {
    const rect = placed.get(id);
    if (rect) members[frameOf(typeOf(type))].push(rect);
  }
  const frames = Object.values(members).flatMap((list) => frameRect(list) ?? []);
  expect(frames).toHaveLength(3);
  for (const [a, b] of pairs(frames)) expect(overlap(a, b)).toBe(false);
});

test("a chain runs from left to right at one height", () => {
  const graph = graphOf(
    { act: "ReLU", fc1: "Linear", fc2: "Linear" },
    "fc1.output > act.x",
    "act.output > fc2.x",
  );
  const placed = rects(graph);
  const [fc1, act, fc2] = ["fc1", "act", "fc2"].map((id) => placed.get(id));
  expect(fc1?.x).toBeLessThan(act?.x ?? 0);
  expect(act?.x).toBeLessThan(fc2?.x ?? 0);
  expect(new Set([fc1?.y, act?.y, fc2?.y]).size).toBe(1);
});

const chainOf = (length: number): Graph => {
  const ids = Array.from({ length }, (_, i) => `fc${i}`);
  const wires = ids.slice(1).map((id, i) => `${ids[i]}.output > ${id}.x`);
  return graphOf(Object.fromEntries(ids.map((id) => [id, "Linear"])), ...wires);
};

test("a model of twelve layers is folded into lines of cards", () => {
  const placed = [...rects(chainOf(12)).values()];
  expect(new Set(placed.map(({ y }) => y)).size).toBeGreaterThan(1);
  expectTidy(chainOf(12));
});

test("a longer one is read from top to bottom, in columns", () => {
  const graph = chainOf(60);
  const placed = [...rects(graph).values()];
  expect(placed[1]?.x).toBe(placed[0]?.x);
  expect(placed[1]?.y).toBeGreaterThan(placed[0]?.y ?? 0);
  const columns = new Set(placed.map(({ x }) => x)).size;
  expect(columns).toBeGreaterThan(1);
  expect(columns).toBeLessThan(8);
  expectTidy(graph);
});

test("the same graph is laid out the same way twice", () => {
  expect(tidy(sampleGraph(), TYPES)).toEqual(tidy(sampleGraph(), TYPES));
});

test("an empty graph has nothing to place", () => {
  expect(tidy(graphOf({}), TYPES).size).toBe(0);
});

describe("a card's height", () => {
  test("one port a side stands beside the title, more stand in rows", () => {
    expect(cardHeight(TYPES.ReLU)).toBe(CARD.header);
    expect(cardHeight(TYPES.Add)).toBe(CARD.header + 2 * CARD.port + CARD.pad);
  });
  test("primary parameters have a row each", () => {
    expect(cardHeight(TYPES.Linear)).toBe(CARD.header + CARD.param + CARD.pad);
  });
});

test("the nodes of a group stand together: no other card lies under its frame, no row or column ends in it", () => {
  const chain = fc.integer({ min: 3, max: 24 });
  fc.assert(
    fc.property(chain, fc.nat(20), fc.integer({ min: 1, max: 6 }), (length, from, count) => {
      const ids = Array.from({ length }, (_, index) => `n${index}`);
      const graph = graphOf(
        Object.fromEntries(ids.map((id, index) => [id, index % 2 ? "ReLU" : "Linear"])),
        ...ids.slice(1).map((id, index) => `n${index}.output > ${id}.x`),
      );
      const nodes = ids.slice(from % length, (from % length) + count);
      graph.groups = [{ id: "g", title: "Stage", nodes, folded: false, color: "" }];
      const placed = rects(graph);
      const frame = groupRect(graph.groups[0] as Group, placed);
      if (!frame) throw new Error("a group has nodes");
      for (const [id, rect] of placed) expect(overlap(frame, rect), id).toBe(nodes.includes(id));
      expectTidy(graph);
    }),
    { numRuns: 60 },
  );
});
