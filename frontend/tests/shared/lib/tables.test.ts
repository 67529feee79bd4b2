import { describe, expect, test } from "vitest";
import { csvOf, markdownCell } from "@/shared/lib/tables";
import { fileStem } from "@/shared/store/download";

describe("CSV", () => {
  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '=HYPERLINK("a")'])(
    "%j is not a formula",
    (text) => {
      expect(csvOf([[text]])).toMatch(/^"?'/);
    },
  );

  test("numbers stay numbers, and other text is as it was", () => {
    expect(csvOf([["w/o fc", -0.5, 1e-7, null, undefined, "a-b"]])).toBe("w/o fc,-0.5,1e-7,,,a-b\r\n");
    expect(csvOf([['a "b"', "c,d", " e"]])).toBe('"a ""b""","c,d"," e"\r\n');
  });

  test("a name with control characters stays in its cell", () => {
    expect(csvOf([["a\r\nb\u0000c\u001b[31md", 1]])).toBe("a b c [31md,1\r\n");
  });
});

describe("a cell of a Markdown table", () => {
  test.each([
    ["a | b", "a \\| b"],
    ["a\n| b", "a \\| b"],
    ["a\\|b", "a\\\\\\|b"],
    ["<img src=x onerror=alert(1)>", "\\<img src=x onerror=alert(1)\\>"],
    ["![a](https://example.org/a.png)", "!\\[a\\](https://example.org/a.png)"],
    ["-5", "\\-5"],
    ["\u202ea ", "a"],
    ["B, 64", "B, 64"],
  ])("%j is shown as it is", (text, written) => {
    expect(markdownCell(text)).toBe(written);
  });
});

test.each([
  ["../../a", "_.._a"],
  ["a/b:c\u0000", "a_b_c_"],
  ["...", "graph"],
  [" ", "graph"],
  ["漢".repeat(200), "漢".repeat(60)],
  ["My net 1.2", "My net 1.2"],
])("the file name of %j", (name, stem) => {
  expect(fileStem(name, "graph")).toBe(stem);
});
