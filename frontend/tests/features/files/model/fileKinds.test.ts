import { describe, expect, test } from "vitest";
import { dropSentences, kindOfName, tooLarge } from "@/features/files/model/fileKinds";

test.each([
  ["net.json", "graph"],
  ["NET.JSON", "graph"],
  ["data.csv", "table"],
  ["data.tsv", "table"],
  ["net.png", "image"],
  ["net.svg", "image"],
  ["net.json.zip", "other"],
  ["json", "other"],
])("%s is taken for: %s", (name, kind) => {
  expect(kindOfName(name)).toBe(kind);
});

describe("a drop announces what it will do", () => {
  test.each([
    [["application/json"], ["Open 1 graph file as a new graph"]],
    [["application/json", "application/json"], ["Open 2 graph files as new graphs"]],
    [
      ["text/csv", "image/png", "application/zip"],
      ["Open the graph in the image", "Upload 1 table as a dataset", "1 file of another kind"],
    ],
    [[], []],
  ])("%j", (types, sentences) => {
    expect(dropSentences(types)).toEqual(sentences);
  });
});

test("what is far too large is not even read", () => {
  expect(tooLarge({ name: "net.json", size: 2 ** 20 }, "graph")).toBeNull();
  expect(tooLarge({ name: "net.json", size: 50 * 2 ** 20 }, "graph")).toBe(
    "net.json has 50 MiB; a graph file has at most 20 MiB.",
  );
});
