import { expect, test } from "vitest";
import { connectedInputs, describeNode } from "@/features/canvas/model/describe";
import type { NodeReport } from "@/shared/api/types";
import { TYPES } from "../../../helpers/catalogue";
import { graphOf, node } from "../../../helpers/graphs";

const report = (status: NodeReport["status"], text = ""): NodeReport => ({
  status,
  inputs: {},
  outputs: { output: { dtype: "LAYER", shape: null, element: null, text } },
  parameters: null,
  flops: null,
  activation: null,
  reads_input: false,
  parts: [],
  groups: [],
  frozen: 0,
});

test("a node announces type, name, parameters, inputs and output", () => {
  const fc1 = node("n1", "Linear", { name: "fc1", params: { out_features: 8 } });
  expect(describeNode(fc1, TYPES.Linear, new Map([["n1", new Set(["x"])]]), report("ok", "B, 8"))).toBe(
    "Linear, fc1, out features 8, x connected, output B by 8",
  );
});

test("a name that equals the type's appears once, and missing inputs are named", () => {
  expect(describeNode(node("n1", "ReLU", { name: "ReLU" }), TYPES.ReLU, new Map(), undefined)).toBe(
    "ReLU, x not connected",
  );
});

test.each([
  ["error", "has a problem"],
  ["blocked", "blocked by an upstream problem"],
] as const)("a node with the status “%s” announces it", (status, words) => {
  expect(describeNode(node("a", "ReLU"), TYPES.ReLU, new Map(), report(status))).toMatch(
    new RegExp(`${words}$`),
  );
});

test("a disabled node announces it, whatever its status", () => {
  const off = node("a", "ReLU", { disabled: true });
  expect(describeNode(off, TYPES.ReLU, new Map(), report("error"))).toMatch(/disabled$/);
});

test("an unknown type is named", () => {
  expect(describeNode(node("a", "Retired"), undefined, new Map(), undefined)).toBe("a, unknown type Retired");
});

test("the inputs that have a wire, by node", () => {
  const graph = graphOf({ a: "Linear", s: "Add" }, "a.output > s.a", "a.output > s.b");
  expect(connectedInputs(graph)).toEqual(new Map([["s", new Set(["a", "b"])]]));
});
