import { describe, expect, it } from "vitest";
import { freshDraft, planOf } from "@/features/studies/model/studyPlan";
import { baseOf, freshNetwork } from "@/features/studies/model/studyPlanNetworks";
import { graphOf } from "../../../helpers/graphs";

const open = graphOf({});
const wide = freshNetwork("version 2", "wide", "of this graph", { ...graphOf({}), name: "Wide" });
const deep = freshNetwork("graph g1", "deep", "another graph", graphOf({}));
const nothing = { ofNode: () => undefined, ofType: () => undefined };
const draft = (networks = [wide, deep]) => ({ ...freshDraft(), kind: "configurations" as const, networks });

describe("networks picked by hand", () => {
  it("are variants under their names", () => {
    expect(planOf(draft(), nothing).plan?.strategy).toEqual({
      kind: "configurations",
      graphs: [
        { label: "wide", graph: wide.graph },
        { label: "deep", graph: deep.graph },
      ],
    });
  });

  it.each([
    ["none at all", [], { strategy: "Select at least one network to compare with the baseline." }],
    [
      "a name that two have",
      [wide, { ...deep, label: "wide " }],
      {
        "network:version 2": "Give each network a unique name.",
        "network:graph g1": "Give each network a unique name.",
      },
    ],
    ["no name", [{ ...wide, label: " " }], { "network:version 2": "Give this network a name." }],
  ])("will not do with %s", (_what, networks, problems) => {
    expect(planOf(draft(networks), nothing).problems).toEqual(problems);
  });

  it("have names that the server takes", () => {
    expect(freshNetwork("run r", "x".repeat(300), "of a run", open).label).toHaveLength(200);
  });
});

describe("the baseline", () => {
  it("is the open graph unless networks are compared with another", () => {
    expect(baseOf(draft(), open)).toBe(open);
    expect(baseOf({ ...draft(), baseline: wide }, open)).toBe(wide.graph);
    expect(baseOf({ ...draft(), kind: "grid", baseline: wide }, open)).toBe(open);
  });
});
