import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNumber, rangeText, readNumber, stepped } from "@/shared/lib/numbers";

test.each([
  ["12", 12],
  [" 0.5 ", 0.5],
  ["1e-3", 0.001],
  ["0,5", 0.5],
  ["0,125", 0.125],
  ["12,5", 12.5],
  ["1 000", 1000],
  ["1_000", 1000],
  ["1,000", 1000],
  ["12,345,678", 12345678],
  ["1,000.5", 1000.5],
  ["-1,000", -1000],
  ["−3", -3],
  ["2×64", 128],
  ["1_000*2", 2000],
])("%j is read as %d", (text, value) => {
  expect(parseNumber(text)).toBe(value);
});

test.each(["", "  ", "abc", "1,2,3", "2 3", "1/0*0"])("%j is not a number", (text) => {
  expect(parseNumber(text)).toBeNaN();
});

test("a number reads back as it is shown", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      // -0 is shown as 0.
      expect(parseNumber(String(value))).toBe(value + 0);
    }),
  );
});

describe("what may stand in a field", () => {
  test.each([
    ["2*3.5", { integer: true }, 7],
    ["0.1*30", { integer: true }, 3],
    ["3/4", { min: 0, max: 1 }, 0.75],
    ["1e6", { integer: true, max: 1e6 }, 1e6],
  ])("%s", (text, range, value) => {
    expect(readNumber(text, range)).toEqual({ value });
  });

  test.each([
    ["3/2", { integer: true }, "must be a whole number: 3/2 is 1.5."],
    ["1.5", { integer: true }, "must be a whole number, not 1.5."],
    ["0", { min: 1 }, "must be at least 1, not 0."],
    ["7", { max: 5 }, "must be at most 5, not 7."],
    ["2*3", { min: 0, max: 0.9 }, "must be between 0 and 0.9: 2*3 is 6."],
    ["2**60", { integer: true }, "must be below 2^53: 2**60 is 1152921504610000000."],
    ["", {}, "needs a number."],
    ["many", {}, "needs a number or arithmetic such as 2*64 or 1e-3: “many” is neither."],
    ["1/0", {}, "needs a number or arithmetic such as 2*64 or 1e-3: “1/0” is neither."],
  ])("%j is refused", (text, range, problem) => {
    expect(readNumber(text, range)).toEqual({ problem });
  });
});

test.each([
  [{}, ""],
  [{ min: 1 }, "1 or more"],
  [{ max: 5 }, "up to 5"],
  [{ min: 0, max: 0.9 }, "0 to 0.9"],
  [{ min: 1, max: 1_000_000 }, "1 to 1,000,000"],
])("the range %j reads “%s”", (range, text) => {
  expect(rangeText(range)).toBe(text);
});

describe("a step", () => {
  test.each([
    [32, 1, { integer: true }, 33],
    [0, -1, { integer: true, min: 0 }, 0],
    [100, 1, { max: 100 }, 100],
    [0.001, 1, {}, 0.0011],
    [0.5, -1, {}, 0.49],
    [0, 1, {}, 0.1],
    [0.1, 1, { step: 0.2 }, 0.3],
    [1.5, 1, { integer: true }, 3],
  ] as const)("from %d by %d", (from, direction, range, to) => {
    expect(stepped(from, direction, range)).toBe(to);
  });

  test.each([
    [32, 10, { integer: true }, 42],
    [32, 0.1, { integer: true }, 33],
    [0.5, 10, {}, 0.6],
    [0.5, 0.1, {}, 0.501],
    [0.2, 0.1, { step: 0.05 }, 0.205],
  ] as const)("from %d, times %d", (from, size, range, to) => {
    expect(stepped(from, 1, range, size)).toBe(to);
  });

  const log = { min: 0, log: true };
  test.each([
    [1e-3, 1, 1, 2e-3],
    [2e-3, 1, 1, 5e-3],
    [5e-3, 1, 1, 1e-2],
    [1e-3, -1, 1, 5e-4],
    [3e-4, 1, 1, 5e-4],
    [3e-4, -1, 1, 2e-4],
    [1e-3, 1, 10, 1e-2],
    [1e-3, -1, 10, 1e-4],
    [1e-3, 1, 0.1, 1.1e-3],
    [0, 1, 1, 1e-4],
    [0, -1, 1, 0],
    [1e-12, -1, 1, 0],
  ] as const)("along the scale from %d by %d, times %d, is %d", (from, direction, size, to) => {
    expect(stepped(from, direction, log, size)).toBe(to);
  });

  test("up and down the scale again, a number of it is what it was", () => {
    const mark = fc.tuple(fc.constantFrom(1, 2, 5), fc.integer({ min: -9, max: 3 }));
    fc.assert(
      fc.property(mark, ([digit, power]) => {
        const value = Number(`${digit}e${power}`);
        expect(stepped(stepped(value, 1, log), -1, log)).toBe(value);
      }),
    );
  });
});
