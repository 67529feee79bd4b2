import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeDocument } from "@/features/graph/model/normalizeDocument";
import { graphOf, node, sampleGraph } from "../../../helpers/graphs";

test("a sound document is left as it is", () => {
  const graph = sampleGraph();
  expect(normalizeDocument(graph)).toEqual({ graph, repairs: [] });
  expect(normalizeDocument(graph).graph).toBe(graph);
});

test("two nodes with one id: both stay, the wires with the first", () => {
  const graph = { ...sampleGraph(), nodes: [...sampleGraph().nodes, node("fc1", "Dropout")] };
  const { graph: normalized, repairs } = normalizeDocument(graph);
  expect(normalized.nodes.map(({ id }) => id)).toEqual([...sampleGraph().nodes.map(({ id }) => id), "fc1_2"]);
  expect(normalized.nodes.at(-1)?.type).toBe("Dropout");
  expect(normalized.edges).toEqual(graph.edges);
  expect(repairs).toEqual([
    "Two nodes have the id fc1: one is called fc1_2 here, and the wires stay with the other node.",
  ]);
});

test("unreadable nodes and wires are quarantined in the document, not lost", () => {
  const graph = { ...sampleGraph(), nodes: [null, { id: 3 }, node("a", "ReLU")], edges: [{ source: "a" }] };
  const { graph: normalized, repairs } = normalizeDocument(graph);
  expect(normalized.nodes.map(({ id }) => id)).toEqual(["a"]);
  expect(normalized.edges).toEqual([]);
  expect(normalized).toHaveProperty("unreadable", [null, { id: 3 }, { source: "a" }]);
  expect(repairs).toHaveLength(2);
});

test("a position out of reach is dropped", () => {
  const graph = graphOf({ a: { type: "ReLU", position: { x: 1e300, y: 0 } } });
  expect(normalizeDocument(graph).graph.nodes[0]?.position).toBeNull();
});

describe("whatever JSON holds", () => {
  test("it becomes a document that is sound", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { graph } = normalizeDocument(value);
        expect(normalizeDocument(graph)).toEqual({ graph, repairs: [] });
      }),
    );
  });

  test("also where it is nearly one", () => {
    const part = fc.record(
      {
        id: fc.oneof(fc.constantFrom("a", "b", "__proto__", "constructor"), fc.jsonValue()),
        type: fc.oneof(fc.constantFrom("Linear", "Block"), fc.jsonValue()),
        params: fc.jsonValue(),
        position: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const nearly = fc.record({
      name: fc.jsonValue(),
      nodes: fc.array(fc.oneof(part, fc.jsonValue())),
      edges: fc.array(fc.jsonValue()),
      blocks: fc.dictionary(fc.string(), fc.oneof(fc.record({ nodes: fc.array(part) }), fc.jsonValue())),
    });
    fc.assert(
      fc.property(nearly, (value) => {
        const { graph } = normalizeDocument(value);
        expect(normalizeDocument(graph).repairs).toEqual([]);
      }),
    );
  });
});
