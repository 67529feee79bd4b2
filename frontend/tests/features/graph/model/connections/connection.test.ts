import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PortRef } from "@/features/graph/model/connections/connection";
import {
  accepts,
  endsOf,
  fittingPorts,
  portKey,
  portType,
  takesMany,
  whyNotConnect,
  wireBetween,
  wireToNode,
} from "@/features/graph/model/connections/connection";
import { connect } from "@/features/graph/model/document";
import { port, TYPES } from "../../../../helpers/catalogue";
import { graphOf, sampleGraph, wire } from "../../../../helpers/graphs";

const output = (node: string, name: string): PortRef => ({ node, port: name, side: "source" });
const target = (node: string, name: string): PortRef => ({ node, port: name, side: "target" });

describe("which data types fit", () => {
  test.each([
    ["LAYER", "LAYER", true],
    ["LAYER", "TENSOR", true],
    ["TENSOR", "LAYER", true],
    ["INT", "FLOAT", true],
    ["FLOAT", "INT", false],
    ["MODEL", "ANY", true],
    ["ANY", "MODEL", true],
    ["DATASET", "LOADER", false],
  ])("a wire of type %s into a port of type %s: %s", (from, to, fits) => {
    expect(accepts(port(to), from)).toBe(fits);
  });

  test("a port takes its second type too", () => {
    const data = port("DATASET", { also: "LOADER" });
    expect(accepts(data, "LOADER")).toBe(true);
    expect(accepts(data, "MODEL")).toBe(false);
  });
});

describe("whyNotConnect", () => {
  const graph = graphOf(
    {
      csv: "CSVLoader",
      fc1: "Linear",
      act: { type: "ReLU", name: "Activation" },
      sum: "Add",
      mse: "MSELoss",
    },
    "fc1.output > act.x",
    "act.output > sum.a",
  );
  const why = (text: string): string | null => whyNotConnect(graph, TYPES, wire(text));

  test("a wire that fits is not refused", () => {
    expect(why("fc1.output > sum.b")).toBeNull();
  });

  test("the second wire of an input is not refused: it takes the place of the first", () => {
    expect(why("fc1.output > sum.a")).toBeNull();
  });

  test.each([
    ["gone.output > act.x", "A wire needs a node at both ends."],
    ["fc1.output > gone.x", "A wire needs a node at both ends."],
    ["fc1.nothing > act.x", "fc1 has no output “nothing”."],
    ["fc1.output > act.nothing", "Activation has no input “nothing”."],
    ["fc1.output > sum.sum", "sum has no input “sum”."],
    ["fc1.output > fc1.x", "fc1 cannot feed itself."],
    ["mse.loss_fn > fc1.x", "“x” of fc1 takes a layer, not the loss fn of mse."],
    ["act.output > fc1.x", "fc1 already leads to Activation: this wire would close a cycle."],
    ["sum.output > fc1.x", "fc1 already leads to sum: this wire would close a cycle."],
  ])("%s: %s", (text, reason) => {
    expect(why(text)).toBe(reason);
  });

  test("a parameter is not a port", () => {
    expect(why("csv.dataset > fc1.out_features")).toBe("fc1 has no input “out_features”.");
  });

  test("both types that a port takes are named", () => {
    const pair = graphOf({ mse: "MSELoss", model: "ModelAssembly" });
    expect(whyNotConnect(pair, TYPES, wire("mse.loss_fn > model.data"))).toBe(
      "“data” of model takes a dataset or a loader, not the loss fn of mse.",
    );
  });

  test("a node of an unknown type has no ports", () => {
    const unknown = graphOf({ old: "Retired", fc1: "Linear" });
    expect(whyNotConnect(unknown, TYPES, wire("old.output > fc1.x"))).toBe("old has no output “output”.");
  });

  test("whatever is drawn, the graph stays without a cycle and each input with one wire", () => {
    const layers = ["a", "b", "c", "d", "e"];
    const ends = fc.record({
      from: fc.constantFrom(...layers),
      to: fc.constantFrom(...layers),
      input: fc.constantFrom("a", "b"),
    });
    fc.assert(
      fc.property(fc.array(ends, { maxLength: 20 }), (wires) => {
        let drawn = graphOf(Object.fromEntries(layers.map((id) => [id, "Add"])));
        for (const { from, to, input } of wires) {
          const edge = wire(`${from}.output > ${to}.${input}`);
          if (whyNotConnect(drawn, TYPES, edge) === null) drawn = connect(drawn, edge, false);
        }
        expect(hasOrder(layers, drawn.edges)).toBe(true);
        const inputs = drawn.edges.map((edge) => `${edge.target}.${edge.target_input}`);
        expect(new Set(inputs).size).toBe(inputs.length);
      }),
      { numRuns: 60 },
    );
  });
});

/** Whether the nodes can be put in an order in which every wire leads forward. */
function hasOrder(ids: string[], edges: ReturnType<typeof wire>[]): boolean {
  let left = ids;
  for (;;) {
    const free = left.filter((id) => !edges.some((edge) => edge.target === id && left.includes(edge.source)));
    if (free.length === 0) return left.length === 0;
    left = left.filter((id) => !free.includes(id));
  }
}

describe("the ports that glow while a wire is drawn", () => {
  test("from an output: every input that fits and closes no cycle", () => {
    const graph = graphOf(
      { fc1: "Linear", act: "ReLU", sum: "Add", train: "TrainingLoop" },
      "fc1.output > act.x",
    );
    expect(fittingPorts(graph, TYPES, output("act", "output"))).toEqual(
      new Set(["target/sum/a", "target/sum/b"]),
    );
  });

  test("from an input: every output that fits and closes no cycle", () => {
    const graph = graphOf({ fc1: "Linear", act: "ReLU", sum: "Add", mse: "MSELoss" }, "fc1.output > act.x");
    expect(fittingPorts(graph, TYPES, target("fc1", "x"))).toEqual(new Set(["source/sum/output"]));
  });

  test("from a port that does not exist: none", () => {
    expect(fittingPorts(sampleGraph(), TYPES, output("fc1", "nothing"))).toEqual(new Set());
    expect(fittingPorts(sampleGraph(), TYPES, output("gone", "output"))).toEqual(new Set());
  });

  test("they are exactly those that may be connected", () => {
    const graph = sampleGraph();
    const from = output("split", "train");
    const passed = graph.nodes.flatMap(({ id, type }) =>
      Object.keys(TYPES[type as keyof typeof TYPES].inputs)
        .filter((name) => whyNotConnect(graph, TYPES, wire(`split.train > ${id}.${name}`)) === null)
        .map((name) => portKey(target(id, name))),
    );
    expect(fittingPorts(graph, TYPES, from)).toEqual(new Set(passed));
  });
});

describe("where a wire goes that is dropped", () => {
  test("the wire between two ends is the same in either order", () => {
    const edge = wire("fc1.output > act.x");
    expect(wireBetween(output("fc1", "output"), target("act", "x"))).toEqual(edge);
    expect(wireBetween(target("act", "x"), output("fc1", "output"))).toEqual(edge);
  });

  test("two inputs, or two outputs, make no wire", () => {
    expect(wireBetween(output("a", "output"), output("b", "output"))).toBeNull();
  });

  test("on a node: its first free port that fits", () => {
    const graph = graphOf({ fc1: "Linear", fc2: "Linear", sum: "Add" }, "fc1.output > sum.a");
    expect(wireToNode(graph, TYPES, output("fc2", "output"), "sum")).toEqual(wire("fc2.output > sum.b"));
  });

  test("on a node without a free port: the first that fits", () => {
    const graph = graphOf(
      { fc1: "Linear", fc2: "Linear", sum: "Add" },
      "fc1.output > sum.a",
      "fc1.output > sum.b",
    );
    expect(wireToNode(graph, TYPES, output("fc2", "output"), "sum")).toEqual(wire("fc2.output > sum.a"));
  });

  test("from an input back to a node: its first output that fits", () => {
    const graph = graphOf({ split: "DataSplitter", train: "TrainingLoop" });
    expect(wireToNode(graph, TYPES, target("train", "train_loader"), "split")).toEqual(
      wire("split.train > train.train_loader"),
    );
  });

  test("on a node where nothing fits: no wire", () => {
    const graph = graphOf({ mse: "MSELoss", fc1: "Linear" });
    expect(wireToNode(graph, TYPES, output("mse", "loss_fn"), "fc1")).toBeNull();
    expect(wireToNode(graph, TYPES, output("mse", "loss_fn"), "gone")).toBeNull();
  });

  test("a type that is not in the graph yet is asked for its ends", () => {
    expect(endsOf(TYPES.Linear, { node: "fc1", port: "output", side: "source" }, TYPES.Add)).toEqual([
      { port: "a", side: "target" },
      { port: "b", side: "target" },
    ]);
    expect(endsOf(TYPES.TrainingLoop, target("train", "loss"), TYPES.MSELoss)).toEqual([
      { port: "loss_fn", side: "source" },
    ]);
  });
});

test("only some inputs take many wires", () => {
  const graph = graphOf({ acc: "Accuracy", mse: "MSELoss", train: "TrainingLoop" });
  expect(takesMany(graph, TYPES, wire("acc.metric > train.metrics"))).toBe(true);
  expect(takesMany(graph, TYPES, wire("mse.loss_fn > train.loss"))).toBe(false);
  expect(takesMany(graph, TYPES, wire("mse.loss_fn > gone.loss"))).toBe(false);
});

test("the data type at a wire's end", () => {
  const graph = sampleGraph();
  expect(portType(graph, TYPES, output("split", "val"))).toBe("LOADER");
  expect(portType(graph, TYPES, target("train", "loss"))).toBe("LOSS_FN");
  expect(portType(graph, TYPES, target("gone", "loss"))).toBeUndefined();
});
