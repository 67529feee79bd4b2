import { describe, expect, test } from "vitest";
import {
  foldRepeats,
  modelRows,
  rowsAsCsv,
  rowsAsMarkdown,
  sortedRows,
} from "@/features/blocks/model/modelRows";
import type { Report } from "@/shared/api/types";
import { TYPES } from "../../../helpers/catalogue";
import { graphOf } from "../../../helpers/graphs";

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
        parts: [],
        groups: [],
        frozen: 0,
      },
    },
    totals: { parameters: 192, flops: 256, frozen: 0, memory: null, memory_free: null },
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

describe("the table of layers", () => {
  const stack = Object.fromEntries(
    [1, 2, 3].flatMap((n) => [
      [`fc${n}`, { type: "Linear", name: `fc "${n}"` }],
      [`act${n}`, { type: "ReLU" }],
    ]),
  );
  const graph = graphOf(
    { ...stack, head: { type: "Linear", params: { out_features: 2 }, name: "a|b" } },
    ...["fc1.output > act1.x", "act1.output > fc2.x", "fc2.output > act2.x"],
    ...["act2.output > fc3.x", "fc3.output > act3.x", "act3.output > head.x"],
  );
  const rows = modelRows(graph, TYPES, null);

  test("layers that repeat themselves are folded, the largest part first", () => {
    const folded = foldRepeats(rows).map((group) => [group.rows.map(({ node }) => node.id), group.times]);
    expect(folded).toEqual([
      [["fc1", "act1"], 3],
      [["head"], 1],
    ]);
    expect(foldRepeats(rows).flatMap((group) => group.all)).toEqual(rows);
  });

  test("two alike are not worth it", () => {
    expect(foldRepeats(rows.slice(0, 1).concat(rows.slice(2, 3))).map(({ times }) => times)).toEqual([1, 1]);
  });

  test("is sorted by each of its columns, and the other way round", () => {
    const ids = (...how: [Parameters<typeof sortedRows>[1], boolean]) =>
      sortedRows(rows, ...how).map(({ node }) => node.id);
    expect(ids("flow", false)).toEqual(rows.map(({ node }) => node.id));
    expect(ids("name", false)).toEqual(["head", "act1", "act2", "act3", "fc1", "fc2", "fc3"]);
    expect(ids("type", true)[0]).toBe("act3");
    const counted = rows.map((row, place) => ({ ...row, parameters: place % 3 }));
    expect(sortedRows(counted, "parameters", false).map(({ parameters }) => parameters)).toEqual([
      2, 2, 1, 1, 0, 0, 0,
    ]);
  });

  test("is written as CSV and as Markdown", () => {
    const [row] = rows;
    const last = rows.at(-1);
    if (!row || !last) throw new Error("there are rows");
    const some = [{ ...row, shape: "B, 64", parameters: 192, flops: 256 }, last];
    expect(rowsAsCsv(some)).toBe(
      'Layer,Type,Output shape,Parameters,FLOPs\r\n"fc ""1""",Linear,"B, 64",192,256\r\na|b,Linear,,,\r\n',
    );
    expect(rowsAsMarkdown(some).split("\n").slice(2)).toEqual([
      '| fc "1" | Linear | B, 64 | 192 | 256 |',
      "| a\\|b | Linear |  |  |  |",
    ]);
  });
});
