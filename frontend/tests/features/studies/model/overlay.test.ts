import { describe, expect, test } from "vitest";
import { effectsOf, isAbout } from "@/features/studies/model/overlay";
import type { StudyRow } from "@/shared/api/types";
import { graphOf } from "../../../helpers/graphs";

const plan = (kind: string) => ({ plan: { strategy: { kind } } }) as never;
const row = (label: string, parts: string[], rest: Partial<StudyRow> = {}): StudyRow =>
  ({
    label,
    parts,
    role: "variant",
    reference: "baseline",
    n: 3,
    planned: 5,
    delta: null,
    ci: null,
    decimals: 3,
    verdict: null,
    sentence: "",
    ...rest,
  }) as StudyRow;
const found = (rows: StudyRow[], path: string[] = [], kind = "leave_one_out") =>
  effectsOf(plan(kind), { variants: rows }, path).map(({ nodes, text, others, strength }) => [
    nodes.join(" "),
    text,
    others,
    strength,
  ]);

describe("the effects at nodes", () => {
  test("are differences with intervals, and how far it is before there are any", () => {
    const rows = [
      row("w/o a", ["a"], { delta: -0.25, ci: [-0.3, -0.2], verdict: "worse" }),
      row("w/o b", ["b"], { delta: 0.05, verdict: "not_shown" }),
      row("w/o c", ["c", "d"]),
    ];
    expect(found(rows)).toEqual([
      ["a", "Δ −0.250 [−0.300, −0.200]", 0, 1],
      ["b", "Δ +0.050", 0, 0.2],
      ["c d", "3 of 5 seeds", 0, 0],
    ]);
  });

  test("stand at the block outside, and at the nodes inside of it", () => {
    const rows = [
      row("one", ["enc/0/fc"], { delta: 0.1 }),
      row("two", ["enc/act"], { delta: -0.4 }),
      row("three", ["out"], { delta: 0.2 }),
    ];
    expect(found(rows)).toEqual([
      ["enc", "Δ −0.400", 1, 1],
      ["out", "Δ +0.200", 0, 0.5],
    ]);
    expect(found(rows, ["enc"]).map(([node]) => node)).toEqual(["fc", "act"]);
  });

  test("removals from the full model go before additions to the minimal one, which is about all parts", () => {
    const rows = [
      row("minimal", ["a", "b"], { role: "minimal", reference: null }),
      row("minimal + a", ["a"], { reference: "minimal", delta: 0.9 }),
      row("w/o a", ["a"], { delta: 0.1 }),
    ];
    expect(found(rows, [], "add_one")).toEqual([["a", "Δ +0.100", 1, 0.1 / 0.9]]);
  });

  test("of a sweep there are none", () => {
    expect(found([row("lr = 1", ["adam"], { delta: 1 })], [], "grid")).toEqual([]);
  });
});

test("a study is about the graph that it was made of, or one that has all of its parts", () => {
  const graph = graphOf({ enc: "Linear", a: "ReLU" });
  const study = (graph_id: string | null, ...parts: string[]) =>
    ({ graph_id, variants: [{ parts }] }) as never;
  expect(isAbout(study("g1"), graph, "g1")).toBe(true);
  expect(isAbout(study("g2", "a", "enc/fc"), graph, "g1")).toBe(false);
  expect(isAbout(study(null, "a", "enc/fc"), graph, "g1")).toBe(true);
  expect(isAbout(study(null, "gone"), graph, "g1")).toBe(false);
  expect(isAbout(study(null), graph, null)).toBe(false);
});
