import { expect, test } from "vitest";
import type { Report } from "@/api/types";
import { modelRows } from "@/lib/modelRows";
import { TYPES } from "../helpers/catalogue";
import { graphOf } from "../helpers/graphs";

test("the layers in the order in which data flows, not in that of the document", () => {
  const graph = graphOf(
    { fc2: "Linear", sum: "Add", mse: "MSELoss", fc1: "Linear" },
    "fc1.output > fc2.x",
    "fc2.output > sum.a",
    "fc1.output > sum.b",
  );
  expect(modelRows(graph, TYPES, null).map(({ node }) => node.id)).toEqual(["fc1", "fc2", "sum"]);
});

test("each with what the check knows of it", () => {
  const report: Report = {
    valid: true,
    diagnostics: [],
    nodes: {
      fc1: {
        status: "ok",
        inputs: {},
        outputs: { output: { dtype: "LAYER", shape: ["B", 64], element: "float32", text: "B, 64" } },
        parameters: 192,
        flops: 256,
        activation: 256,
        reads_input: true,
      },
    },
    totals: { parameters: 192, flops: 256, memory: null, memory_free: null },
  };
  const graph = graphOf({ fc1: "Linear", act: "ReLU" });
  expect(modelRows(graph, TYPES, report)).toMatchObject([
    { shape: "B, 64", parameters: 192, status: "ok" },
    { shape: "", parameters: null, status: "ok" },
  ]);
});

test("layers on a cycle are listed too", () => {
  const graph = graphOf({ a: "ReLU", b: "ReLU" }, "a.output > b.x", "b.output > a.x");
  expect(modelRows(graph, TYPES, null)).toHaveLength(2);
});
