import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calculate } from "@/shared/lib/expression";

describe("arithmetic", () => {
  test.each([
    ["2*64", 128],
    ["1e-3", 0.001],
    ["1E3", 1000],
    [".5", 0.5],
    ["3/4", 0.75],
    ["2**10", 1024],
    ["2^10", 1024],
    ["(28-3)//2+1", 13],
    ["-7//2", -4],
    ["-7%3", 2],
    ["-2**2", -4],
    ["2**-1", 0.5],
    ["2**3**2", 512],
    ["- - 3", 3],
    [" ( 1 + 2 ) * 3 ", 9],
    ["10-4-3", 3],
    ["100/10/5", 2],
  ])("%s is %d", (text, value) => {
    expect(calculate(text)).toBe(value);
  });

  test.each([
    "",
    " ",
    "x",
    "2*",
    "*2",
    "(1",
    "1)",
    "()",
    "()**0",
    "2 3",
    "1..2",
    "0x10",
    "64k",
    "1e",
    "alert(1)",
    "1,2",
  ])("%j is none", (text) => {
    expect(calculate(text)).toBeNaN();
  });

  test("what is longer than anybody types is not read", () => {
    expect(calculate(`${"(".repeat(5000)}1${")".repeat(5000)}`)).toBeNaN();
  });
});

interface Written {
  text: string;
  value: number;
}

const JS = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => a / b,
  "//": (a: number, b: number) => Math.floor(a / b),
};
const SIGNS = ["+", "-", "*", "/", "//"] as const;

/** Expressions with the value that JavaScript gives them. */
const { whole } = fc.letrec<{ whole: Written; atom: Written; pair: Written; negative: Written }>((tie) => ({
  whole: fc.oneof({ maxDepth: 5, depthIdentifier: "nest" }, tie("atom"), tie("pair"), tie("negative")),
  atom: fc.oneof(
    fc.nat(10_000).map((value) => ({ text: String(value), value })),
    fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => ({ text: String(value), value })),
  ),
  negative: tie("whole").map(({ text, value }) => ({ text: `-(${text})`, value: -value })),
  pair: fc
    .tuple(tie("whole"), fc.constantFrom(...SIGNS), tie("whole"), fc.constantFrom("", " "))
    .map(([a, sign, b, space]) => ({
      text: `(${a.text})${space}${sign}${space}(${b.text})`,
      value: JS[sign](a.value, b.value),
    })),
}));

test("an expression has the value that JavaScript gives it", () => {
  fc.assert(
    fc.property(
      whole.filter(({ text }) => text.length <= 200),
      ({ text, value }) => {
        expect(calculate(text)).toEqual(value);
      },
    ),
  );
});

test("without brackets, too: products before sums, from left to right", () => {
  const sign = fc.constantFrom("+", "-", "*", "/");
  fc.assert(
    fc.property(fc.array(fc.tuple(sign, fc.integer({ min: 1, max: 99 })), { maxLength: 8 }), (parts) => {
      const text = `7${parts.map((part) => part.join("")).join("")}`;
      // The test's own numbers and signs, so that JavaScript itself evaluates them.
      expect(calculate(text)).toBe(new Function(`return ${text}`)());
    }),
  );
});

test("any text is a number or none, and never an error", () => {
  const isRead = (text: string): boolean => typeof calculate(text) === "number";
  fc.assert(fc.property(fc.string(), isRead));
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.e+-*/%^() ") }), isRead));
});
