import { describe, expect, test } from "vitest";
import {
  emptyText,
  factsOf,
  isTyped,
  numberRange,
  parseTyped,
  typedText,
} from "@/features/graph/model/values";
import { input } from "../../../helpers/catalogue";

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
    ["3 -1", [3, -1]],
    ["3 - 1", 2],
    ["2*64", 128],
    ["2 * 64, 3", [128, 3]],
    ["(28-3)//2+1", 13],
    ["(28-3)//(2+3)", 5],
    ["( 28 - 3 ) // 5, 1", [5, 1]],
    ["(2*2, 3)", [4, 3]],
  ])("%s", (text, value) => {
    expect(parseTyped(text, pair)).toEqual({ value });
  });

  test("a list of one stays a list where a lone value stands for nothing", () => {
    expect(parseTyped("8", list)).toEqual({ value: [8] });
    expect(parseTyped("", list)).toEqual({ value: [] });
  });

  test("empty is none where there may be none", () => {
    expect(parseTyped(" ", { ...pair, nullable: true })).toEqual({ value: null });
    expect(parseTyped("", pair)).toEqual({ problem: "needs a value." });
  });

  test("a word that is known, and one that is not", () => {
    const padding = { ...pair, words: ["same", "valid"] };
    expect(parseTyped("SAME", padding)).toEqual({ value: "same" });
    expect(parseTyped("sane", padding)).toEqual({
      problem: "needs a number or arithmetic such as 2*64 or 1e-3: “sane” is neither (or “same” or “valid”).",
    });
  });

  test.each([
    ["3, 1, 2", "takes one number or 2 numbers, not 3."],
    ["1, 0", "must be at least 1, not 0."],
    ["1.5", "must be a whole number, not 1.5."],
  ])("%s is refused where two whole numbers from one on are wanted", (text, problem) => {
    expect(parseTyped(text, { ...pair, min: 1 })).toEqual({ problem });
  });

  test("comes back as it is shown", () => {
    for (const value of [3, [3, 1], [-1, 8]]) {
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

describe("the help of a parameter", () => {
  const float = (rest: Parameters<typeof input>[1]) => ({ ...input("FLOAT", rest), name: "x" });
  test.each([
    [named({ default: 32, min: 1, unit: "rows" }), "1 or more rows, default 32"],
    [named({ default: null, nullable: true }), "default none"],
    [named({ default: null, nullable: true, empty: "never" }), "default never"],
    [{ ...input("STRING", { default: "default" }), name: "init" }, ""],
    [float({ default: [0.9, 0.999], min: 0, max: 1 }), "0 to 1, default 0.9, 0.999"],
    [{ ...input("BOOL", { default: true }), name: "bias" }, "default on"],
    [{ ...input("DATASET", { default: "", widget: "dataset" }), name: "file" }, ""],
  ])("range, unit and default", (param, text) => {
    expect(factsOf(param)).toBe(text);
  });

  test("an empty field shows what it means", () => {
    expect(emptyText(named({ nullable: true, empty: "never" }))).toBe("never");
    expect(emptyText(named({ nullable: true }))).toBe("none");
    expect(emptyText(named({ nullable: true, empty: "1" }))).toBe("not set: 1");
    expect(emptyText(list)).toBe("none");
    expect(emptyText({ ...input("STRING"), name: "note" })).toBe("empty");
    expect(emptyText(named({}))).toBe("");
  });

  test("small numbers without a step or an end are stepped by orders of magnitude", () => {
    const log = (rest: Parameters<typeof input>[1]) => numberRange(float({ min: 0, ...rest })).log;
    expect(log({ default: 0.001 })).toBe(true);
    expect(log({ default: 1 })).toBe(false);
    expect(log({ default: 0.1, max: 1 })).toBe(false);
    expect(log({ default: 0.1, step: 0.05 })).toBe(false);
  });
});
