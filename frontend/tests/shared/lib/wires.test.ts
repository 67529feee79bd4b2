import { expect, test } from "vitest";
import { typeName, wireColor, wireFamily } from "@/shared/lib/wires";

test.each([
  ["LAYER", "layer"],
  ["TENSOR", "layer"],
  ["SCHEDULER", "optimizer"],
  ["METRICS", "result"],
  ["INT", "scalar"],
  ["SOMETHING_NEW", "scalar"],
])("a wire of type %s belongs to the family “%s”", (dtype, family) => {
  expect(wireFamily(dtype)).toBe(family);
  expect(wireColor(dtype)).toBe(`var(--wire-${family})`);
});

test("a data type in words", () => {
  expect(typeName("TRAINING_RESULT")).toBe("training result");
});
