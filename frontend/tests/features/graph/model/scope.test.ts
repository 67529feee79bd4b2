import { describe, expect, test } from "vitest";
import {
  connectWire,
  expose,
  makeIndependent,
  removeFromBlock,
  renameOnBlock,
  whyNotName,
} from "@/features/graph/model/blocks/blockPorts";
import { whyNotConnect } from "@/features/graph/model/connections/connection";
import { addNode, findNode, moveNodes, remove, sameMeaning, setParam } from "@/features/graph/model/document";
import { dropParams } from "@/features/graph/model/rewire";
import {
  INPUTS,
  locateNode,
  NEW_PORT,
  nearestPath,
  OUTPUTS,
  openBlock,
  scopeOf,
  usesOf,
  withScope,
  wouldContainItself,
} from "@/features/graph/model/scope";
import type { Graph } from "@/shared/api/types";
import { ALL, blockOf, encoderGraph, ref } from "../../../helpers/blocks";
import { graphOf, wire } from "../../../helpers/graphs";

const document = encoderGraph({ width: 8 });
const PATH = ["enc"];
const inside = (graph: Graph = document): Graph => scopeOf(graph, PATH);
const edited = (change: (scope: Graph) => Graph): Graph => withScope(document, PATH, change(inside()));
const edge = (source: string, source_output: string, target: string, target_input: string) => ({
  source,
  source_output,
  target,
  target_input,
});

/** A block "outer" around the encoder's block, which hands its ports and its parameter on. */
function nested(): Graph {
  const { blocks } = encoderGraph();
  const outer = blockOf({ mlp: { type: "Block", params: { block: "mlp" } } }, [], {
    name: "Outer",
    inputs: { x: [ref("mlp.input")] },
    outputs: { y: ref("mlp.output") },
    params: { size: [ref("mlp.width")] },
  });
  const graph = graphOf(
    { top: { type: "Block", params: { block: "outer", size: 4 } }, end: "ReLU" },
    "top.y > end.x",
  );
  return { ...graph, blocks: { ...blocks, outer } };
}

describe("the inside of a block as a graph", () => {
  test("has its nodes, and wires from and to its ports", () => {
    expect(inside().nodes.map((node) => node.id)).toEqual(["fc", "act"]);
    expect(inside().edges).toEqual([
      wire("fc.output > act.x"),
      edge(INPUTS, "input", "fc", "x"),
      edge("act", "output", OUTPUTS, "output"),
    ]);
    expect(openBlock(inside())?.id).toBe("mlp");
    expect(inside()).toBe(inside());
  });

  test("no change gives the same document, an edit the definition alone", () => {
    expect(edited((scope) => scope)).toBe(document);
    const next = edited((scope) => setParam(scope, "fc", "out_features", 5));
    expect(findNode(scopeOf(next, PATH), "fc")?.params).toEqual({ out_features: 5 });
    expect(next.nodes).toBe(document.nodes);
    expect(sameMeaning(document, next)).toBe(false);
  });

  test("positions inside do not concern the server", () => {
    const next = edited((scope) => moveNodes(scope, new Map([["fc", { x: 90, y: 0 }]])));
    expect(next).not.toBe(document);
    expect(sameMeaning(document, next)).toBe(true);
    expect(next.blocks.mlp?.inputs).toBe(document.blocks.mlp?.inputs);
  });

  test("every node added there, two deep too, is in the definition", () => {
    const graph = nested();
    const path = ["top", "mlp"];
    const scope = scopeOf(graph, path);
    const added = addNode(scope, ALL.ReLU ?? never(), { x: 0, y: 0 });
    expect(withScope(graph, path, added.graph).blocks.mlp?.nodes.map((node) => node.id)).toEqual([
      "fc",
      "act",
      added.id,
    ]);
  });

  test("the place of a wire at a port of many is its place in the list", () => {
    const cat = blockOf(
      { a: "ReLU", b: "ReLU", cat: "Concat" },
      ["a.output > cat.inputs", "b.output > cat.inputs"],
      {
        inputs: { x: [ref("cat.inputs", 1)] },
        outputs: { y: ref("cat.output") },
      },
    );
    const graph = { ...graphOf({ n: { type: "Block", params: { block: "cat" } } }), blocks: { cat } };
    const scope = scopeOf(graph, ["n"]);
    expect(scope.edges.map((one) => one.source)).toEqual(["a", INPUTS, "b", "cat"]);
    const shorter = withScope(graph, ["n"], remove(scope, new Set(["a"]), new Set()));
    expect(shorter.blocks.cat?.inputs).toEqual({ x: [ref("cat.inputs", 0)] });
  });

  test("a node that goes leaves its ports, and takes exposed parameters and their values along", () => {
    const next = edited((scope) => remove(scope, new Set(["fc", "act"]), new Set()));
    expect(next.blocks.mlp).toMatchObject({
      inputs: { input: [] },
      outputs: { output: ref(".") },
      params: {},
    });
    expect(findNode(next, "enc")?.params).toEqual({ block: "mlp" });
    expect(next.edges).toBe(document.edges);
  });
});

const never = (): never => {
  throw new Error("the helper's catalogue has it");
};

describe("paths", () => {
  test.each([
    [["enc"], ["enc"]],
    [["enc", "gone"], ["enc"]],
    [["head"], []],
    [[], []],
  ])("of %j as much as there is: %j", (path, there) => {
    expect(nearestPath(document, path)).toEqual(there);
  });

  test.each([
    ["head", [], "head"],
    ["enc", [], "enc"],
    ["enc/fc", ["enc"], "fc"],
  ])("%s is at %j: %s", (id, path, node) => {
    expect(locateNode(document, id)).toEqual({ path, node });
  });

  test("numbers after a repeated block are not nodes, but a node may be called 0", () => {
    const repeated = encoderGraph({ repeat: 3 });
    expect(locateNode(repeated, "enc/2/act")).toEqual({ path: ["enc"], node: "act" });
    const zero = { ...encoderGraph(), blocks: { mlp: blockOf({ "0": "ReLU" }, []) } };
    expect(locateNode(zero, "enc/0")).toEqual({ path: ["enc"], node: "0" });
    expect(locateNode(repeated, "enc/2/gone")).toBeNull();
    expect(locateNode(repeated, "gone/fc")).toBeNull();
  });

  test("through two blocks", () => {
    expect(locateNode(nested(), "top/mlp/fc")).toEqual({ path: ["top", "mlp"], node: "fc" });
  });
});

describe("ports, drawn from inside", () => {
  const fresh = (from: string, to: string) => {
    const [source = "", output = ""] = from.split(".");
    const [target = "", port = ""] = to.split(".");
    return edge(source, output, target, port);
  };

  test("a wire from a port adds what it feeds", () => {
    const wider = addNode(inside(), ALL.Linear ?? never(), { x: 0, y: 0 });
    const scope = connectWire(wider.graph, ALL, edge(INPUTS, "input", wider.id, "x"));
    expect(withScope(document, PATH, scope).blocks.mlp?.inputs.input).toHaveLength(2);
  });

  test("a wire from + makes a port, called after the inner one where that is free", () => {
    const wider = addNode(inside(), ALL.Add ?? never(), { x: 0, y: 0 });
    let scope = connectWire(wider.graph, ALL, edge(INPUTS, NEW_PORT, wider.id, "a"));
    scope = connectWire(scope, ALL, edge(INPUTS, NEW_PORT, wider.id, "b"));
    scope = connectWire(scope, ALL, edge(wider.id, "output", OUTPUTS, NEW_PORT));
    const { inputs, outputs } = withScope(document, PATH, scope).blocks.mlp ?? never();
    expect(Object.keys(inputs)).toEqual(["input", "a", "b"]);
    expect(Object.keys(outputs)).toEqual(["output", wider.id]);
  });

  test("an output takes one wire: the new one replaces the old", () => {
    const scope = connectWire(inside(), ALL, edge("fc", "output", OUTPUTS, "output"));
    expect(withScope(document, PATH, scope).blocks.mlp?.outputs).toEqual({ output: ref("fc.output") });
  });

  test("refused: straight through, and what the port does not take", () => {
    expect(whyNotConnect(inside(), ALL, edge(INPUTS, "input", OUTPUTS, "output"))).toMatch(
      /cannot pass an input straight/,
    );
    expect(whyNotConnect(inside(), ALL, fresh("block:inputs.gone", "act.x"))).toBe(
      "Inputs has no output “gone”.",
    );
    expect(whyNotConnect(inside(), ALL, edge(INPUTS, "input", "act", "x"))).toBeNull();
    expect(whyNotConnect(document, ALL, edge(INPUTS, "input", "head", "x"))).toBe(
      "A wire needs a node at both ends.",
    );
  });
});

describe("names on a block", () => {
  test("a port that is renamed takes the wires outside along, through blocks around it", () => {
    const next = renameOnBlock(nested(), "mlp", "outputs", "output", "hidden");
    expect(next.blocks.outer?.outputs).toEqual({ y: ref("mlp.hidden") });
    const outer = renameOnBlock(next, "outer", "outputs", "y", "z");
    expect(outer.edges).toEqual([wire("top.z > end.x")]);
  });

  test("a port that is removed takes its wires along", () => {
    const next = removeFromBlock(document, "mlp", "outputs", "output");
    expect(next.edges).toEqual([wire("head.output > model.layers")]);
    expect(removeFromBlock(nested(), "mlp", "inputs", "input").blocks.outer?.inputs).toEqual({ x: [] });
  });

  test("a parameter that is renamed keeps the values, one that goes takes them along, also outside of that", () => {
    expect(findNode(renameOnBlock(document, "mlp", "params", "width", "size"), "enc")?.params).toEqual({
      block: "mlp",
      size: 8,
    });
    const next = dropParams(nested(), "mlp", ["width"]);
    expect(next.blocks.outer?.params).toEqual({});
    expect(findNode(next, "top")?.params).toEqual({ block: "outer" });
  });

  test("names that are taken or empty are refused", () => {
    const mlp = document.blocks.mlp ?? never();
    expect(whyNotName(mlp, "inputs", "input", "width")).toBe(
      "The block has a port or parameter “width” already.",
    );
    expect(whyNotName(mlp, "inputs", "input", " ")).toBe("A port needs a name.");
    expect(whyNotName(mlp, "params", "width", "repeat")).not.toBeNull();
    expect(whyNotName(mlp, "outputs", "output", "width")).toBeNull();
  });

  test("a parameter is exposed under a name of its own", () => {
    const fc = findNode(inside(), "fc") ?? never();
    const next = edited((scope) => expose(scope, fc, "bias"));
    expect(next.blocks.mlp?.params).toEqual({ width: [ref("fc.out_features")], bias: [ref("fc.bias")] });
    expect(edited((scope) => expose(scope, fc, "out_features"))).toBe(document);
  });
});

describe("many nodes of one block", () => {
  const two = (): Graph => {
    const twin = graphOf({ other: { type: "Block", params: { block: "mlp" } } });
    return { ...document, nodes: [...document.nodes, ...twin.nodes] };
  };

  test("one is made independent: a definition of its own", () => {
    const next = makeIndependent(two(), "other");
    expect(findNode(next, "other")?.params).toEqual({ block: "mlp_2" });
    expect(next.blocks.mlp_2?.name).toBe("MLP 2");
    expect([usesOf(next, "mlp"), usesOf(next, "mlp_2")]).toEqual([1, 1]);
  });

  test("a block never comes into itself, at any depth", () => {
    const graph = nested();
    expect(wouldContainItself(scopeOf(graph, ["top", "mlp"]), graph.nodes)).toBe(true);
    expect(wouldContainItself(scopeOf(graph, ["top"]), scopeOf(graph, ["top"]).nodes)).toBe(false);
    expect(wouldContainItself(graph, graph.nodes)).toBe(false);
  });
});
