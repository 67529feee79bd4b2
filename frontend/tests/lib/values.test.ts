import { describe, expect, test } from "vitest";
import { isTyped, parseTyped, typedText } from "@/lib/values";
import { input } from "../helpers/catalogue";

const named = (rest: Parameters<typeof input>[1]) => ({ ...input("INT", rest), name: "size" });
const pair = named({ many: true, length: 2, single: true });
const list = named({ many: true });

describe("sizes as they are typed", () => {
  test.each([
    ["3", 3],
    ["3, 1", [3, 1]],
    ["3 1", [3, 1]],
    ["3x1", [3, 1]],
    ["3 × 1", [3, 1]],
    ["(3, 1)", [3, 1]],
    ["[3,1]", [3, 1]],
    ["-1", -1],
  ])("%s", (text, value) => {
    expect(parseTyped(text, pair)).toEqual({ value });
  });

  test("a list of one stays a list where a lone value stands for nothing", () => {
    expect(parseTyped("8", list)).toEqual({ value: [8] });
    expect(parseTyped("", list)).toEqual({ value: [] });
  });

  test("empty is none where there may be none", () => {
    expect(parseTyped(" ", { ...pair, nullable: true })).toEqual({ value: null });
    expect(parseTyped("", pair)).toEqual({ problem: "It needs a value." });
  });

  test("a word that is known, and one that is not", () => {
    const padding = { ...pair, words: ["same", "valid"] };
    expect(parseTyped("SAME", padding)).toEqual({ value: "same" });
    expect(parseTyped("sane", padding)).toEqual({ problem: "“sane” is no number, nor “same”, “valid”." });
  });

  test("comes back as it is shown", () => {
    for (const value of [3, [3, 1], [-1, 8, 8]]) {
      expect(parseTyped(typedText(value), pair)).toEqual({ value });
    }
    expect(typedText(null)).toBe("");
  });

  test("a pair such as Adam's betas keeps a control for each", () => {
    expect(isTyped(named({ length: 2, many: true }))).toBe(false);
    expect(isTyped(pair)).toBe(true);
    expect(isTyped(list)).toBe(true);
    expect(isTyped(named({ words: ["auto"] }))).toBe(true);
    expect(isTyped(named({}))).toBe(false);
  });
});
