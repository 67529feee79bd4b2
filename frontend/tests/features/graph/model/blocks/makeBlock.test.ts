import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandBlock, whyNotExpand, withoutUnused } from "@/features/graph/model/blocks/expandBlock";
import { makeBlock, whyNotBlock } from "@/features/graph/model/blocks/makeBlock";
import { whyNotConnect } from "@/features/graph/model/connections/connection";
import { connect, findNode } from "@/features/graph/model/document";
import { scopeOf, withScope } from "@/features/graph/model/scope";
import type { Edge, Graph, GraphNode } from "@/shared/api/types";
import { ALL, blockOf, encoderGraph, ref } from "../../../../helpers/blocks";
import { graphOf, wire } from "../../../../helpers/graphs";

const chain = graphOf(
  { fc1: "Linear", act: "ReLU", fc2: "Linear", model: "ModelAssembly" },
  "fc1.output > act.x",
  "act.output > fc2.x",
  "fc2.output > model.layers",
);
const make = (graph: Graph, ids: string[], name = "Block 1") => makeBlock(graph, ALL, new Set(ids), name);

describe("making a block", () => {
  test("the node takes the place of the selection, with the wires that crossed its border", () => {
    const { graph, id } = make(chain, ["act", "fc2"], "Head");
    expect(id).toBe("head");
    expect(graph.nodes.map((node) => node.id)).toEqual(["fc1", "head", "model"]);
    expect(findNode(graph, "head")).toMatchObject({ type: "Block", name: "Head", params: { block: "head" } });
    expect(graph.edges).toEqual([wire("fc1.output > head.input"), wire("head.output > model.layers")]);
    expect(graph.blocks.head).toMatchObject({
      name: "Head",
      edges: [wire("act.output > fc2.x")],
      inputs: { input: [ref("act.x")] },
      outputs: { output: ref("fc2.output") },
    });
  });

  test("a layer that reads the model's input reads it through a port", () => {
    const { graph } = make(chain, ["fc1", "act"]);
    expect(graph.blocks.block_1?.inputs).toEqual({ input: [ref("fc1.x")] });
    expect(graph.edges).toEqual([wire("block_1.output > fc2.x"), wire("fc2.output > model.layers")]);
  });

  test("one source for two inner ports is one port; one output for two readers too", () => {
    const graph = graphOf(
      { a: "ReLU", sum: "Add", b: "ReLU", c: "ReLU" },
      "a.output > sum.a",
      "a.output > sum.b",
      "sum.output > b.x",
      "sum.output > c.x",
    );
    const made = make(graph, ["sum"]).graph;
    expect(made.blocks.block_1?.inputs).toEqual({ input: [ref("sum.a"), ref("sum.b")] });
    expect(made.edges).toEqual([
      wire("a.output > block_1.input"),
      wire("block_1.output > b.x"),
      wire("block_1.output > c.x"),
    ]);
  });

  test("the order at a port of many wires is kept by their places", () => {
    const graph = graphOf(
      { a: "ReLU", b: "ReLU", inner: "ReLU", cat: "Concat" },
      "a.output > cat.inputs",
      "inner.output > cat.inputs",
      "b.output > cat.inputs",
      "a.output > inner.x",
    );
    const { blocks } = make(graph, ["inner", "cat"]).graph;
    expect(blocks.block_1?.inputs).toEqual({
      x: [ref("cat.inputs", 0), ref("inner.x")],
      inputs: [ref("cat.inputs", 2)],
    });
  });

  test("several ports are called after the inner port, or the node where these are alike", () => {
    const graph = graphOf(
      { a: "ReLU", b: "ReLU", l1: "Linear", l2: "Linear", sum: "Add", out: "Add" },
      "a.output > l1.x",
      "b.output > l2.x",
      "l1.output > out.a",
      "l2.output > out.b",
    );
    const { inputs, outputs } = make(graph, ["l1", "l2"]).graph.blocks.block_1 ?? {};
    expect(Object.keys(inputs ?? {})).toEqual(["l1", "l2"]);
    expect(Object.keys(outputs ?? {})).toEqual(["l2", "l1"]);
  });

  test("ids and names that are taken are numbered", () => {
    const twice = make(make(chain, ["fc1"], "Part").graph, ["act"], "Part").graph;
    expect(Object.keys(twice.blocks)).toEqual(["part", "part_2"]);
    expect(findNode(twice, "part_2")).toMatchObject({ name: "Part 2", params: { block: "part_2" } });
  });

  test("inside a block, what that exposed of the selection goes through the new one", () => {
    const document = encoderGraph({ width: 8 });
    const { graph } = make(scopeOf(document, ["enc"]), ["fc"], "Inner");
    const next = withScope(document, ["enc"], graph);
    expect(next.blocks.mlp).toMatchObject({
      inputs: { input: [ref("inner.input")] },
      params: { width: [ref("inner.width")] },
      edges: [wire("inner.output > act.x")],
    });
    expect(next.blocks.inner?.params).toEqual({ width: [ref("fc.out_features")] });
    expect(findNode(next, "enc")?.params).toEqual({ block: "mlp", width: 8 });
  });
});

describe("refused in a sentence", () => {
  const why = (graph: Graph, ...ids: string[]) => whyNotBlock(graph, ALL, new Set(ids));
  test("nothing selected", () => expect(why(chain)).toMatch(/^Select the nodes/));
  test("nodes that are not layers", () =>
    expect(why(chain, "fc2", "model")).toMatch(/^model cannot be inside a block/));
  test("a node of a type that is not known", () =>
    expect(why(graphOf({ old: "Retired" }), "old")).toMatch(/^old cannot be inside/));
  test("a node between two selected ones", () =>
    expect(why(chain, "fc1", "fc2")).toBe(
      "act is between the selected nodes. Select it too, or the block would feed itself.",
    ));
  test("weights that a node outside uses", () => {
    const graph = graphOf({ a: "Twin", b: { type: "Twin", params: { weights_of: "a" } } });
    expect(why(graph, "a")).toBe("b uses the weights of a: select both, or neither.");
    expect(why(graph, "a", "b")).toBeNull();
  });
  test("what fits is not refused", () => expect(why(chain, "fc1", "act")).toBeNull());
});

describe("expanding", () => {
  test("the instance's values stay with the nodes", () => {
    const { graph, ids } = expandBlock(encoderGraph({ width: 8 }), ALL, "enc");
    expect(ids).toEqual(["fc", "act"]);
    expect(findNode(graph, "fc")?.params).toEqual({ out_features: 8 });
    expect(graph.edges).toContainEqual(wire("act.output > head.x"));
    expect(withoutUnused(graph, "mlp").blocks).toEqual({});
  });

  test("repeats are written out in sequence", () => {
    const { graph, ids } = expandBlock(encoderGraph({ repeat: 3 }), ALL, "enc");
    expect(ids).toEqual(["fc", "act", "fc_2", "act_2", "fc_3", "act_3"]);
    const inner = [
      "fc.output > act.x",
      "act.output > fc_2.x",
      "fc_2.output > act_2.x",
      "act_2.output > fc_3.x",
    ];
    for (const text of [...inner, "fc_3.output > act_3.x", "act_3.output > head.x"])
      expect(graph.edges).toContainEqual(wire(text));
    expect(graph.edges).toHaveLength(7);
  });

  test("other inputs than the first feed every repeat", () => {
    const sum = blockOf({ sum: "Add" }, [], {
      inputs: { x: [ref("sum.a")], memory: [ref("sum.b")] },
      outputs: { output: ref("sum.output") },
    });
    const graph = graphOf(
      { a: "ReLU", m: "ReLU", d: { type: "Block", params: { block: "sum", repeat: 2 } } },
      "a.output > d.x",
      "m.output > d.memory",
    );
    expect(expandBlock({ ...graph, blocks: { sum } }, ALL, "d").graph.edges).toEqual(
      ["a.output > sum.a", "m.output > sum.b", "sum.output > sum_2.a", "m.output > sum_2.b"].map(wire),
    );
  });

  test("a disabled block, or one whose repeats share weights, gives a reason", () => {
    const off = encoderGraph();
    for (const node of off.nodes) node.disabled = true;
    expect(whyNotExpand(off, "enc")).toBe("encoder is disabled: enable it to expand it.");
    expect(whyNotExpand(encoderGraph({ repeat: 2, shared: true }), "enc")).toMatch(/share weights/);
    expect(whyNotExpand(encoderGraph({ repeat: 2 }), "enc")).toBeNull();
    const [enc, ...rest] = encoderGraph().nodes as [GraphNode, ...GraphNode[]];
    const twin = { ...enc, id: "twin", params: { block: "mlp", weights_of: "enc" } };
    const towers = { ...encoderGraph(), nodes: [enc, twin, ...rest] };
    for (const tower of ["enc", "twin"]) expect(whyNotExpand(towers, tower)).toMatch(/share weights/);
    expect(whyNotExpand(off, "head")).toBe("Select a block to expand it.");
  });

  test("of what was made gives back the graph, whatever was selected", () => {
    const types = fc.array(fc.constantFrom("Linear", "ReLU", "Add", "Concat", "Chunk"), {
      minLength: 2,
      maxLength: 9,
    });
    const draw = fc.array(fc.tuple(fc.nat(8), fc.nat(3), fc.nat(8), fc.nat(1)), { maxLength: 24 });
    fc.assert(
      fc.property(types, draw, fc.array(fc.nat(8), { minLength: 1 }), (kinds, wires, chosen) => {
        const graph = drawn(kinds, wires);
        const ids = new Set(chosen.flatMap((index) => graph.nodes[index]?.id ?? []));
        fc.pre(whyNotBlock(graph, ALL, ids) === null);
        const made = makeBlock(graph, ALL, ids, "Part");
        expect(made.graph.nodes.filter((node) => node.type === "Block")).toHaveLength(1);
        const back = withoutUnused(expandBlock(made.graph, ALL, made.id).graph, "part");
        expect(summary(back)).toEqual(summary(graph));
      }),
      { numRuns: 300 },
    );
  });
});

/** A graph of these types, with those of the wires that are not refused. */
function drawn(kinds: string[], wires: [number, number, number, number][]): Graph {
  let graph = graphOf(Object.fromEntries(kinds.map((type, index) => [`n${index}`, type])));
  for (const [from, out, to, into] of wires) {
    const [source, target] = [graph.nodes[from % kinds.length], graph.nodes[to % kinds.length]];
    const output = ALL[source?.type ?? ""]?.outputs[out]?.name ?? "";
    const ports = Object.entries(ALL[target?.type ?? ""]?.inputs ?? {}).filter(([, port]) => port.is_handle);
    const [port, spec] = ports[into % ports.length] ?? [];
    const edge = {
      source: source?.id ?? "",
      source_output: output,
      target: target?.id ?? "",
      target_input: port ?? "",
    };
    if (whyNotConnect(graph, ALL, edge) === null) graph = connect(graph, edge, spec?.multiple ?? false);
  }
  return graph;
}

/** The content of a graph, whatever the order of its lists; at a port of many wires their order counts. */
function summary({ nodes, edges, blocks }: Graph) {
  const into: Record<string, string[]> = {};
  const put = (edge: Edge): void => {
    const key = `${edge.target}.${edge.target_input}`;
    into[key] = [...(into[key] ?? []), `${edge.source}.${edge.source_output}`];
  };
  edges.forEach(put);
  const bare = nodes.map(({ position: _place, ...node }) => node).sort((a, b) => (a.id < b.id ? -1 : 1));
  return { nodes: bare, into, blocks };
}
