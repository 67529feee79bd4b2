import { describe, expect, test } from "vitest";
import { applyFix, nodeToFix } from "@/features/graph/model/diagnosticFixes";
import { edgeId, findNode } from "@/features/graph/model/document";
import { scopeOf } from "@/features/graph/model/scope";
import type { Fix } from "@/shared/api/types";
import { ALL, encoderGraph } from "../../../helpers/blocks";
import { graphOf, wire } from "../../../helpers/graphs";

const fix = (...edits: Fix["edits"]): Fix => ({ label: "Fix it", edits });
const graph = graphOf(
  {
    a: "Linear",
    b: "Linear",
    c: "ReLU",
    model: "ModelAssembly",
    loss: { type: "MSELoss", name: "MSE Loss" },
  },
  "a.output > b.x",
  "b.output > c.x",
  "c.output > model.layers",
);
const wires = (next: typeof graph | null) => next?.edges.map(edgeId).sort();

describe("a remedy", () => {
  test("sets a parameter, and switches a node on or off", () => {
    const next = applyFix(
      graph,
      ALL,
      fix(
        { op: "set_param", node: "a", param: "out_features", value: 3 },
        { op: "set_disabled", node: "c", disabled: true },
      ),
    );
    expect(next && findNode(next, "a")?.params).toEqual({ out_features: 3 });
    expect(next && findNode(next, "c")?.disabled).toBe(true);
  });

  test("removes a node: what read it reads what it read", () => {
    const next = applyFix(graph, ALL, fix({ op: "remove_node", node: "c" }));
    expect(next?.nodes.map((node) => node.id)).toEqual(["a", "b", "model", "loss"]);
    expect(wires(next)).toEqual([wire("a.output > b.x"), wire("b.output > model.layers")].map(edgeId).sort());
  });

  test("puts a node on the wires that leave an output", () => {
    const edit = { op: "insert_node", after: "a", output: "output", type: "ReLU", params: {} } as const;
    const next = applyFix(graph, ALL, fix(edit));
    expect(next?.nodes).toHaveLength(6);
    expect(wires(next)).toContain(edgeId(wire("a.output > relu1.x")));
    expect(wires(next)).toContain(edgeId(wire("relu1.output > b.x")));
    expect(wires(next)).not.toContain(edgeId(wire("a.output > b.x")));
    expect(nodeToFix(fix(edit))).toBe("a");
  });

  test("connects an input to another output, in place of its wire", () => {
    const edit = { op: "connect", node: "c", port: "x", source: "a", output: "output" } as const;
    const next = applyFix(graph, ALL, fix(edit));
    expect(wires(next)).toEqual(
      [wire("a.output > b.x"), wire("a.output > c.x"), wire("c.output > model.layers")].map(edgeId).sort(),
    );
    expect(applyFix(graph, ALL, fix({ ...edit, source: "gone" }))).toBeNull();
  });

  test("gives a node another type; a name of the user's own stays", () => {
    const next = applyFix(graph, ALL, fix({ op: "replace_node", node: "loss", type: "L1Loss", params: {} }));
    expect(next && findNode(next, "loss")).toMatchObject({ type: "L1Loss", name: "L1 Loss", params: {} });
    const layer = applyFix(graph, ALL, fix({ op: "replace_node", node: "b", type: "ReLU", params: {} }));
    expect(layer && findNode(layer, "b")).toMatchObject({ type: "ReLU", name: graph.nodes[1]?.name });
    expect(layer?.edges).toEqual(graph.edges);
  });

  test("reaches into a block by the path of its node", () => {
    const document = encoderGraph();
    const next = applyFix(document, ALL, fix({ op: "remove_node", node: "enc/act" }));
    expect(next?.blocks.mlp?.nodes.map((node) => node.id)).toEqual(["fc"]);
    expect(next?.blocks.mlp?.outputs.output).toMatchObject({ node: "fc", port: "output" });
    const longer = applyFix(
      document,
      ALL,
      fix({
        op: "insert_node",
        after: "enc/act",
        output: "output",
        type: "Linear",
        params: { out_features: 2 },
      }),
    );
    expect(longer && scopeOf(longer, ["enc"]).nodes).toHaveLength(3);
    expect(longer?.blocks.mlp?.outputs.output).toMatchObject({ node: "linear1" });
  });

  test("that no longer fits changes nothing", () => {
    const first = { op: "set_param", node: "a", param: "out_features", value: 3 } as const;
    expect(applyFix(graph, ALL, fix(first, { op: "remove_node", node: "gone" }))).toBeNull();
    expect(
      applyFix(graph, ALL, fix({ op: "replace_node", node: "a", type: "Nothing", params: {} })),
    ).toBeNull();
  });
});
