import { expect, test } from "vitest";
import { type Against, type Choice, pairOf, versionTitle } from "@/features/versions/model/versions";

test.each<[Choice, Against, Choice | null, Choice]>([
  ["present", "present", 3, "present"],
  ["present", "previous", 3, "present"],
  ["present", "nothing", null, "present"],
  ["present", 1, 1, "present"],
  [2, "present", 2, "present"],
  [2, "previous", 1, 2],
  [2, 3, 2, 3],
  [2, 1, 1, 2],
  [1, "previous", null, 1],
  [2, 2, null, 2],
])("%s against %s: the older one is %s, the newer one %s", (shown, against, before, after) => {
  expect(pairOf(shown, against, [3, 2, 1])).toEqual({ before, after });
});

test("a graph that has no version is compared with nothing", () => {
  expect(pairOf("present", "present", [])).toEqual({ before: null, after: "present" });
});

test("a version is called by its number, and by its name", () => {
  expect(versionTitle({ version: 3, label: "" })).toBe("Version 3");
  expect(versionTitle({ version: 3, label: "before dropout" })).toBe("Version 3 · before dropout");
});
