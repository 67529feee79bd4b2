import { describe, expect, test } from "vitest";
import {
  infoAt,
  infoOf,
  portsInUse,
  unknownReason,
  weightsToShare,
} from "@/features/graph/model/blocks/blockInfo";
import { mergeBlocks } from "@/features/graph/model/blocks/blockMerge";
import { fragmentOf, insert, moveNodes } from "@/features/graph/model/document";
import { INPUTS, NEW_PORT, scopeOf, withScope } from "@/features/graph/model/scope";
import { addableBlocks, addableTypes } from "@/features/palette/model/addableNodes";
import type { Graph } from "@/shared/api/types";
import { ALL, blockOf, encoderGraph, ref } from "../../../../helpers/blocks";
import { graphOf, node } from "../../../../helpers/graphs";

const graph = encoderGraph();
const enc = infoAt(graph, ALL, "enc");

describe("what a node is", () => {
  test("an ordinary type is as the catalogue has it", () => {
    expect(infoAt(graph, ALL, "head")).toBe(ALL.Linear);
    expect(infoOf(graph, ALL, node("old", "Retired"))).toBeUndefined();
  });

  test.each([
    [{}, 2],
    [{ chunks: 3 }, 3],
    [{ chunks: 9 }, 4],
    [{ chunks: "many" }, 4],
  ])("with %j it has as many outputs: %i", (params, count) => {
    const chunk = node("c", "Chunk", { params });
    expect(infoOf(graph, ALL, chunk)?.outputs).toHaveLength(count);
    expect(infoOf(graph, ALL, chunk)).toBe(infoOf(graph, ALL, { ...chunk }));
  });

  test("a block has the ports of its definition, the parameters it exposes, and its own", () => {
    expect(enc).toMatchObject({ display_name: "MLP", kind: "block", primary: ["width"] });
    expect(Object.keys(enc?.inputs ?? {})).toEqual(["input", "width", "repeat", "shared", "weights_of"]);
    expect(enc?.inputs.input).toMatchObject({ dtype: "LAYER", is_handle: true, multiple: false });
    expect(enc?.inputs.width).toMatchObject({ dtype: "INT", default: 64, min: 1 });
    expect(enc?.outputs.map((output) => output.name)).toEqual(["output"]);
  });

  test("an exposed parameter has the inner value as its default, through two blocks as well", () => {
    const outer = blockOf({ in: { type: "Block", params: { block: "mlp", width: 5 } } }, [], {
      params: { size: [ref("in.width")] },
    });
    const around: Graph = {
      ...graphOf({ top: { type: "Block", params: { block: "outer" } } }),
      blocks: { ...graph.blocks, outer },
    };
    expect(infoAt(around, ALL, "top")?.inputs.size).toMatchObject({ default: 5, min: 1, label: "" });
  });

  test("it may share the weights of other blocks of its kind, a layer those of layers", () => {
    const tower = node("twin", "Block", { params: { block: "mlp" } });
    const other = node("other", "Block", { params: { block: "other" } });
    const layers = [node("shared", "Twin"), node("again", "Twin")];
    const around = { ...graph, nodes: [...graph.nodes, tower, other, ...layers] };
    const ids = (of: string) =>
      weightsToShare(around, ALL, around.nodes.find(({ id }) => id === of) ?? tower).map(({ id }) => id);
    expect(ids("twin")).toEqual(["enc"]);
    expect(ids("other")).toEqual([]);
    expect(ids("again")).toEqual(["shared"]);
  });

  test("it is the same object until its ports or parameters change", () => {
    const moved = withScope(
      graph,
      ["enc"],
      moveNodes(scopeOf(graph, ["enc"]), new Map([["fc", { x: 50, y: 50 }]])),
    );
    expect(infoAt(moved, ALL, "enc")).toBe(enc);
  });

  test("without a definition, or inside itself, the type is unknown, with a reason", () => {
    const lost = { ...graph, blocks: {} };
    expect(infoAt(lost, ALL, "enc")).toBeUndefined();
    expect(unknownReason(lost, ALL, lost.nodes[0] ?? node("", ""))).toBe("The graph has no block “mlp”.");
    expect(portsInUse(lost, "enc")).toEqual({ inputs: [], outputs: ["output"] });
    const own = blockOf({ self: { type: "Block", params: { block: "mlp" } } }, [], {
      inputs: { x: [ref("self.x")] },
    });
    expect(infoAt({ ...graph, blocks: { mlp: own } }, ALL, "enc")).toBeDefined();
  });

  test("the block's own ports seen from inside are sources, with one for another", () => {
    const scope = scopeOf(graph, ["enc"]);
    expect(infoAt(scope, ALL, INPUTS)?.outputs.map((output) => [output.name, output.dtype])).toEqual([
      ["input", "LAYER"],
      [NEW_PORT, "ANY"],
    ]);
    expect(infoAt(graph, ALL, INPUTS)).toBeUndefined();
  });
});

describe("what can be added", () => {
  test("the type that stands for blocks is not in the list, its blocks are", () => {
    expect(addableTypes(graph, ALL).some((info) => info.type === "Block")).toBe(false);
    expect(addableBlocks(graph, ALL).map(({ id }) => id)).toEqual(["mlp"]);
  });

  test("inside a block only what fits there, and not the block itself", () => {
    const scope = scopeOf(graph, ["enc"]);
    const kinds = new Set(addableTypes(scope, ALL).map((info) => info.kind));
    expect(kinds).toEqual(new Set(["layer", "operation", "other"]));
    expect(addableBlocks(scope, ALL)).toEqual([]);
  });
});

describe("blocks that come along", () => {
  const fragment = fragmentOf(graph, new Set(["enc"]));

  test("a copy in the same graph is of the same block", () => {
    const { graph: next, ids } = insert(graph, fragment, { x: 0, y: 0 });
    expect(Object.keys(next.blocks)).toEqual(["mlp"]);
    expect(ids).toEqual(["mlp1"]);
  });

  test("into another graph its definition comes along; the same id with other content is renamed, once", () => {
    const other: Graph = { ...graphOf({}), blocks: { mlp: blockOf({ a: "ReLU" }, []) } };
    const { graph: next } = insert(other, fragment, { x: 0, y: 0 });
    expect(next.nodes[0]?.params.block).toBe("mlp_2");
    expect(insert(next, fragment, { x: 0, y: 0 }).graph.blocks).toEqual(next.blocks);
  });

  test("a block inside another follows its new id", () => {
    const outer = blockOf({ in: { type: "Block", params: { block: "mlp" } } }, []);
    const { blocks, renamed } = mergeBlocks({ mlp: blockOf({ a: "ReLU" }, []) }, { outer, ...graph.blocks });
    expect(renamed.get("mlp")).toBe("mlp_2");
    expect(blocks.outer?.nodes[0]?.params.block).toBe("mlp_2");
  });

  test("copies use the weights of copies", () => {
    const twins = graphOf({ a: "Twin", b: { type: "Twin", params: { weights_of: "a" } } });
    const both = fragmentOf(twins, new Set(["a", "b"]));
    const { graph: next } = insert(twins, both, { x: 0, y: 0 }, () => ["weights_of"]);
    expect(next.nodes.at(-1)?.params.weights_of).toBe("twin1");
  });
});
