import { describe, expect, test } from "vitest";
import {
  formatColumns,
  isGlob,
  matchColumns,
  parseColumns,
  toggleColumn,
} from "@/features/datasets/model/columns";

describe("lists of columns", () => {
  test.each([
    ["", []],
    ["x1, s_*", ["x1", "s_*"]],
    [" x1 ,, x2,", ["x1", "x2"]],
    ['"width, mm", x2', ["width, mm", "x2"]],
    ['"the ""best"" one"', ['the "best" one']],
    ['a"b, c', ['a"b', "c"]],
  ])("%j is %j", (text, names) => {
    expect(parseColumns(text)).toEqual(names);
  });

  test.each([[["x1", "x2"]], [["width, mm", "x2"]], [['a "b"', '"']]])("%j reads back as it was", (names) => {
    expect(parseColumns(formatColumns(names))).toEqual(names);
  });
});

test("what has a star, a question mark or a bracket is a glob", () => {
  expect(["s_*", "x?", "x[12]", "x1"].map(isGlob)).toEqual([true, true, true, false]);
});

describe("a click on a column", () => {
  test("adds it at the end", () => {
    expect(toggleColumn("x1", "x2")).toBe("x1, x2");
    expect(toggleColumn("", "width, mm")).toBe('"width, mm"');
  });
  test("takes it out where it is in", () => {
    expect(toggleColumn("x1, x2, s_*", "x2")).toBe("x1, s_*");
    expect(toggleColumn('"width, mm", x2', "width, mm")).toBe("x2");
  });
});

describe("what a list finds", () => {
  const columns = ["x1", "x2", "s_a", "s_b", "odd*", "a]", "a.b"];
  test.each([
    ["x1", ["x1"]],
    ["x?", ["x1", "x2"]],
    ["s_*", ["s_a", "s_b"]],
    ["x[2-9]", ["x2"]],
    ["x[!2]", ["x1"]],
    ["odd*", ["odd*"]],
    ["a[]]", ["a]"]],
    ["a.b", ["a.b"]],
    ["x[9-0]", []],
    ["x[", []],
    ["y*", []],
    ["gone", []],
  ])("%s finds %j", (part, names) => {
    expect(matchColumns(part, columns)).toEqual([{ part, names }]);
  });
});
