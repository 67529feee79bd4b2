// @vitest-environment jsdom
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graphInSvg } from "@/features/files/model/embed";
import { svgFile } from "@/features/files/model/svgFile";
import { compareGraphs } from "@/features/graph/model/compare/diff";
import * as doc from "@/features/graph/model/document";
import { drawGraph } from "@/features/graph/model/drawing/drawing";
import { escaped, fitted, markup } from "@/features/graph/model/drawing/marks";
import { thumbnailOf } from "@/features/graph/model/drawing/thumbnail";
import { unionOf } from "@/features/graph/model/drawing/union";
import { TYPES } from "../../../../helpers/catalogue";
import { node, sampleGraph, wire } from "../../../../helpers/graphs";

const sample = sampleGraph();
const parse = (svg: string): Document => new DOMParser().parseFromString(svg, "image/svg+xml");
const file = (graph = sample): string =>
  svgFile(drawGraph(graph, TYPES), { token: (name) => `#${name.length}`, font: "", graph: "{}" });

describe("a picture", () => {
  test("has a card for each node and a wire for each edge", () => {
    const { marks, places } = drawGraph(sample, TYPES);
    expect([...places.keys()]).toEqual(sample.nodes.map(({ id }) => id));
    expect(marks.filter(({ tag }) => tag === "path")).toHaveLength(sample.edges.length);
  });

  test("as a file is valid, has no token left, and carries the graph", () => {
    const text = file();
    expect(parse(text).querySelector("parsererror")).toBeNull();
    expect(text).not.toContain("var(");
    expect(graphInSvg(text)).toBe("{}");
  });

  test("of any names is a valid file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const text = file({ ...sample, nodes: [node("a", "Linear", { name })] });
        expect(parse(text).querySelector("parsererror")).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  test("leaves names as they are", () => {
    const text = file({ ...sample, nodes: [node("a", "Linear", { name: "var(--x)<b>" })] });
    expect([...parse(text).querySelectorAll("text")].map((each) => each.textContent)).toContain(
      "var(--x)<b>",
    );
  });

  test("of nothing, of types that are not known and of wires to nothing is drawn too", () => {
    expect(drawGraph(doc.emptyGraph(), TYPES).marks).toEqual([]);
    const odd = { ...sample, nodes: [node("x", "Nonsense")], edges: [wire("x.a > gone.b")] };
    expect(drawGraph(odd, TYPES).places.size).toBe(1);
  });
});

test("a sketch is a few paths, however many nodes", () => {
  const nodes = Array.from({ length: 1000 }, (_, n) => node(`n${n}`, n % 2 ? "Linear" : "MSELoss"));
  const { cards, wires } = thumbnailOf({ ...sample, nodes, edges: [] }, TYPES);
  expect(cards).toHaveLength(2);
  expect(wires).toHaveLength(0);
});

describe("the union of two graphs", () => {
  const after = doc.remove(
    doc.addNode(doc.setParam(sample, "fc1", "out_features", 8), TYPES.ReLU, { x: 500, y: 0 }).graph,
    new Set(["act"]),
    new Set(),
  );
  const { graph, changes } = unionOf(sample, after, compareGraphs(sample, after, TYPES), null, TYPES);

  test("have the nodes and wires of both, marked", () => {
    expect(Object.fromEntries(changes.nodes)).toEqual({ relu1: "added", act: "removed", fc1: "changed" });
    expect([...changes.wires.values()]).toEqual(["removed", "removed"]);
    expect(graph.nodes.map(({ id }) => id)).toEqual([...after.nodes.map(({ id }) => id), "act"]);
  });

  test("show what is gone beside what stands in its place", () => {
    const places = graph.nodes.map(({ position }) => JSON.stringify(position));
    expect(places.filter((place) => place === places.at(-1))).toHaveLength(1);
  });
});

describe("texts", () => {
  test("are cut with an ellipsis where they do not fit", () => {
    expect(fitted("short", 100, 13)).toBe("short");
    expect(fitted("a very long name of a layer", 60, 13)).toMatch(/^a v.*…$/);
  });

  test("are safe in XML", () => {
    expect(escaped(`<a b="c">&\0\ud800`)).toBe("&lt;a b=&quot;c&quot;&gt;&amp;");
    expect(markup([{ tag: "text", attrs: { fontSize: 13 }, text: "<" }])).toBe(
      '<text font-size="13">&lt;</text>',
    );
  });
});
