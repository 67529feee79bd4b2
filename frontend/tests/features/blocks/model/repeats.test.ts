import { describe, expect, test } from "vitest";
import { makeRepeat, type Times, whyNotRepeat } from "@/features/blocks/model/repeats";
import type { Graph, Group } from "@/shared/api/types";
import { ALL, ref } from "../../../helpers/blocks";
import { graphOf, wire } from "../../../helpers/graphs";

const residual = graphOf(
  { in: "Linear", a1: "ReLU", s1: "Add", a2: "ReLU", s2: "Add", a3: "ReLU", s3: "Add", out: "Linear" },
  "in.output > a1.x",
  "a1.output > s1.a",
  "in.output > s1.b",
  "s1.output > a2.x",
  "a2.output > s2.a",
  "s1.output > s2.b",
  "s2.output > a3.x",
  "a3.output > s3.a",
  "s2.output > s3.b",
  "s3.output > out.x",
);
const THREE: Times = [
  ["a1", "s1"],
  ["a2", "s2"],
  ["a3", "s3"],
];
const reasonAgainst = (graph: Graph, times = THREE) => whyNotRepeat(graph, ALL, times);
const rewired = (from: string, to: string): Graph => ({
  ...residual,
  edges: residual.edges.map((edge) => (same(edge, wire(from)) ? wire(to) : edge)),
});
const same = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);

describe("layers that repeat", () => {
  test("become one block with a count, between what was upstream and downstream of them", () => {
    expect(reasonAgainst(residual)).toBeNull();
    const { graph, id } = makeRepeat(residual, ALL, THREE, "Stage");
    expect(graph.nodes.map((node) => node.id)).toEqual(["in", "stage", "out"]);
    expect(graph.nodes.find((node) => node.id === id)?.params).toEqual({ block: "stage", repeat: 3 });
    expect(graph.edges).toEqual([wire("in.output > stage.input"), wire("stage.output > out.x")]);
    expect(graph.blocks.stage).toMatchObject({
      edges: [wire("a1.output > s1.a")],
      inputs: { input: [ref("a1.x"), ref("s1.b")] },
      outputs: { output: ref("s1.output") },
    });
  });

  test("a group around them keeps what is left of it", () => {
    const group: Group = { id: "g", title: "All", nodes: ["a1", "s1", "a2", "s2"], folded: false, color: "" };
    const later = { ...group, id: "h", nodes: ["a3", "s3"] };
    const { graph } = makeRepeat({ ...residual, groups: [group, later] }, ALL, THREE, "Stage");
    expect(graph.groups.flatMap((one) => one.nodes)).not.toContain("a2");
    expect(graph.groups.map((one) => one.id)).not.toContain("h");
  });

  test.each([
    ["s1.output > s2.b", "a1.output > s2.b", "Only one wire"],
    ["a2.output > s2.a", "s1.output > s2.a", "wires differ between repeats"],
    ["in.output > s1.b", "a1.output > s1.b", "wires differ between repeats"],
    ["s3.output > out.x", "a3.output > out.x", "first or last"],
    ["s3.output > out.x", "s2.output > out.x", "Only one wire"],
  ])("%s instead of %s: no block", (from, to, reason) => {
    expect(reasonAgainst(rewired(from, to))).toContain(reason);
  });
});
