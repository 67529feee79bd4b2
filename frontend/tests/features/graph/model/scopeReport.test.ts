import { expect, test } from "vitest";
import { INPUTS } from "@/features/graph/model/scope";
import { reportIn } from "@/features/graph/model/scopeReport";
import { runAt } from "@/features/runs/model/nodeRuns";
import type { Diagnostic, NodeReport, Report } from "@/shared/api/types";
import { encoderGraph } from "../../../helpers/blocks";
import { diagnostic } from "../../../helpers/diagnostics";
import { sampleGraph } from "../../../helpers/graphs";

const node = (status: NodeReport["status"], parameters: number | null = null): NodeReport => ({
  status,
  inputs: { input: { dtype: "LAYER", shape: null, element: null, text: "B, 2" } },
  outputs: {},
  parameters,
  flops: null,
  activation: null,
  reads_input: false,
  parts: [],
  groups: [],
  frozen: 0,
});

const problem = (id: string, message: string): Diagnostic => diagnostic({ node: id, port: "x", message });

const graph = encoderGraph({ repeat: 2 });
const report: Report = {
  valid: false,
  diagnostics: [
    problem("enc/0/fc", "Needs a value."),
    problem("enc/1/fc", "Needs a value."),
    problem("head", "Too narrow."),
  ],
  nodes: {
    enc: node("error", 20),
    "enc/0/fc": node("ok", 10),
    "enc/1/fc": node("error", 10),
    head: node("ok", 4),
  },
  totals: { parameters: 24, flops: 0, frozen: 0, memory: null, memory_free: null },
};

test("at the graph itself a problem inside a block stands at the block, once, with the inner node's name", () => {
  expect(reportIn(report, graph, [])?.diagnostics.map(({ node, message }) => [node, message])).toEqual([
    ["enc", "fc: Needs a value."],
    ["head", "Too narrow."],
  ]);
});

test("inside, nodes have the figures of the first repeat and the worst status of all", () => {
  const inside = reportIn(report, graph, ["enc"]);
  expect(inside?.nodes.fc).toMatchObject({ parameters: 10, status: "error" });
  expect(inside?.nodes[INPUTS]?.outputs.input?.text).toBe("B, 2");
  expect(inside?.diagnostics.map(({ node, message }) => [node, message])).toEqual([["fc", "Needs a value."]]);
  expect(reportIn(report, graph, ["enc"])).toBe(inside);
});

test("a graph without blocks has the report as it is", () => {
  expect(reportIn(report, sampleGraph(), [])).toBe(report);
  expect(reportIn(null, graph, ["enc"])).toBeNull();
});

test("the state of a run inside a block is shown at the block, and inside at the node", () => {
  const runs = { head: "done", "enc/1/fc": "failed" };
  expect(runAt(runs, graph, [], "head")).toBe("done");
  expect(runAt(runs, graph, [], "enc")).toBe("failed");
  expect(runAt(runs, graph, ["enc"], "fc")).toBe("failed");
  expect(runAt(runs, graph, ["enc"], "head")).toBeUndefined();
});
