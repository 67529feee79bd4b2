import { expect, test, vi } from "vitest";
import { formatKeys } from "@/shared/lib/keys";

test.each([
  ["mod+shift+z, mod+y", ["Ctrl", "Shift", "Z"]],
  ["delete, backspace", ["Del"]],
  ["f2", ["F2"]],
  ["[", ["["]],
  ["shift+?", ["?"]],
])("%s is shown as %j", (keys, caps) => {
  expect(formatKeys(keys)).toEqual(caps);
});

test("a Mac has its own key", () => {
  vi.stubGlobal("navigator", { userAgent: "Mozilla/5.0 (Macintosh)" });
  expect(formatKeys("mod+k")).toEqual(["⌘", "K"]);
});
