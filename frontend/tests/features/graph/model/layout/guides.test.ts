import { describe, expect, test } from "vitest";
import { align } from "@/features/graph/model/layout/guides";

const box = (x: number, y: number, width = 180, height = 44) => ({ x, y, width, height });

describe("aligning a card that is dragged", () => {
  test("an edge within reach is met, and shown from one card to the other", () => {
    const { by, guides } = align(box(104, 300), [box(100, 0)], 6);
    expect(by).toEqual({ x: -4, y: 0 });
    expect(guides).toEqual([{ line: "upright", at: 100, from: 0, to: 344 }]);
  });

  test("centres of cards of two heights are met", () => {
    const { by, guides } = align(box(400, 20), [box(0, 0, 180, 80)], 6);
    expect(by.y).toBe(-2);
    expect(guides).toEqual([{ line: "level", at: 40, from: 0, to: 580 }]);
  });

  test("of two the nearer wins; a line joins all that are on it", () => {
    const { by, guides } = align(box(103, 500), [box(100, 0), box(100, 200), box(108, 900)], 6);
    expect(by.x).toBe(-3);
    expect(guides).toEqual([{ line: "upright", at: 100, from: 0, to: 544 }]);
  });

  test("one card's right edge meets the other's left", () => {
    expect(align(box(0, 500), [box(184, 0)], 6).by.x).toBe(4);
  });

  test("out of reach nothing happens", () => {
    expect(align(box(50, 500), [box(300, 0)], 6)).toEqual({ by: { x: 0, y: 0 }, guides: [] });
  });
});
