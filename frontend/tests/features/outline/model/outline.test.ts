import { expect, test } from "vitest";
import { outlineRows } from "@/features/outline/model/outline";
import { ALL } from "../../../helpers/blocks";
import { graphOf, sampleGraph } from "../../../helpers/graphs";

const listed = (graph = sampleGraph(), ...toggled: string[]) =>
  outlineRows(graph, ALL, new Set(toggled)).map((row) =>
    row.kind === "frame"
      ? `${row.title} ${row.nodes}`
      : row.kind === "node"
        ? `- ${row.node.id}`
        : `-- ${row.text}`,
  );

test("frames with their nodes; one that is folded shows none", () => {
  const rows = listed();
  expect(rows.filter((row) => !row.startsWith("-")).map((row) => row.split(" ")[0])).toEqual([
    "Data",
    "Model",
    "Training",
  ]);
  expect(rows).toContain("- fc1");
  expect(listed(sampleGraph(), "frame:model")).not.toContain("- fc1");
});

test("a node that is open has its wires, and its inputs without one", () => {
  const graph = graphOf({ a: "Linear", b: "ReLU" }, "a.output > b.x");
  expect(listed(graph, "node:a", "node:b")).toEqual([
    "Model 2",
    "- a",
    "-- x: no wire",
    "-- output into b · x",
    "- b",
    "-- x from a · output",
  ]);
});

test("the wires of a type that is not known are listed too", () => {
  const graph = graphOf({ a: "Linear", odd: "NoSuchType" }, "a.output > odd.in_put");
  expect(listed(graph, "node:odd")).toContain("-- in put from a · output");
});

test("each row knows its position among its siblings", () => {
  const rows = outlineRows(graphOf({ a: "Linear", b: "ReLU" }), ALL, new Set());
  expect(rows.map(({ level, position, of }) => [level, position, of])).toEqual([
    [1, 1, 1],
    [2, 1, 2],
    [2, 2, 2],
  ]);
});
