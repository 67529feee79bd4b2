/** Names that every object of JavaScript has as a member: a graph may use them for anything. */
import { describe, expect, test } from "vitest";
import { modelRows } from "@/features/blocks/model/modelRows";
import { describeNode } from "@/features/canvas/model/describe";
import { findNodes } from "@/features/canvas/model/find";
import { possibleWires } from "@/features/canvas/model/possibleWires";
import { infoAt, infoOf, unknownReason } from "@/features/graph/model/blocks/blockInfo";
import { definitionsFor } from "@/features/graph/model/blocks/blockMerge";
import { expandBlock } from "@/features/graph/model/blocks/expandBlock";
import { isChanged, paramValue, shapeOf } from "@/features/graph/model/catalogue";
import { changedParams, compareGraphs } from "@/features/graph/model/compare/diff";
import { portType, whyNotConnect } from "@/features/graph/model/connections/connection";
import { sameMeaning } from "@/features/graph/model/document";
import { drawGraph } from "@/features/graph/model/drawing/drawing";
import { frameOf } from "@/features/graph/model/layout/frames";
import { tidy } from "@/features/graph/model/layout/layout";
import { normalizeDocument } from "@/features/graph/model/normalizeDocument";
import { findEnd, isEnd, locateNode, scopeOf, usesOf } from "@/features/graph/model/scope";
import { reportIn } from "@/features/graph/model/scopeReport";
import { unsupportedFeatures } from "@/features/graph/model/unsupportedFeatures";
import { outlineRows } from "@/features/outline/model/outline";
import { metricLabel } from "@/features/runs/model/metrics";
import { readParams } from "@/features/studies/model/studyPlanValues";
import type { Graph, Report } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { wireFamily } from "@/shared/lib/wires";
import { TYPES } from "../../../helpers/catalogue";

const NAMES = [...Object.getOwnPropertyNames(Object.prototype), "prototype", "length", "name"];

/** A graph file in which each name is a type, an id, a port, a parameter and a block. */
function fileOf(names: readonly string[]): string {
  const quoted = names.map((name) => JSON.stringify(name));
  const params = `{${quoted.map((name) => `${name}: 1`).join(",")}, "block": ${quoted[0]}}`;
  const nodes = quoted.flatMap((name) => [
    `{"id": ${name}, "type": ${name}, "name": ${name}, "params": ${params}}`,
    `{"id": "block of " , "type": "Block", "params": {"block": ${name}, ${name}: 1}}`.replace(
      '"block of "',
      JSON.stringify(`block of ${JSON.parse(name)}`),
    ),
    `{"id": ${JSON.stringify(`linear ${JSON.parse(name)}`)}, "type": "Linear", "params": {${name}: 1}}`,
  ]);
  const edges = quoted.map(
    (name) =>
      `{"source": ${name}, "source_output": ${name}, "target": ${JSON.stringify(`linear ${JSON.parse(name)}`)}, "target_input": ${name}}`,
  );
  const inside = `"nodes": [{"id": "fc", "type": "Linear", "params": {}}], "edges": []`;
  const ports = quoted.map((name) => `${name}: [{"node": "fc", "port": "x"}]`).join(",");
  const outputs = quoted.map((name) => `${name}: {"node": "fc", "port": "output"}`).join(",");
  const exposed = quoted.map((name) => `${name}: [{"node": "fc", "port": ${name}}]`).join(",");
  const block = `{"name": "b", ${inside}, "inputs": {${ports}}, "outputs": {${outputs}}, "params": {${exposed}}, "groups": [], "notes": []}`;
  const blocks = quoted.map((name) => `${name}: ${block}`).join(",");
  return `{"format": 1, "name": "n", "nodes": [${nodes}], "edges": [${edges}], "blocks": {${blocks}}, "groups": [], "notes": []}`;
}

const graphOf = (names: readonly string[]): Graph => normalizeDocument(JSON.parse(fileOf(names))).graph;
const graph = graphOf(NAMES);

function reportOf({ nodes }: Graph): Report {
  const known = { status: "ok", inputs: {}, outputs: {}, parameters: 1, diagnostics: [] };
  const found = Object.fromEntries(nodes.map(({ id }) => [id, known]));
  return { valid: true, diagnostics: [], nodes: found, totals: {} } as unknown as Report;
}

test("a file with such names is read as it is and written as it was", () => {
  const written = JSON.parse(JSON.stringify(graph)) as Graph;
  expect(Object.keys(written.blocks).sort()).toEqual([...NAMES].sort());
  expect(graph.nodes).toHaveLength(3 * NAMES.length);
  expect(Object.keys(graph.nodes[0]?.params ?? {})).toEqual([...NAMES, "block"]);
  expect(sameMeaning(graph, { ...graph, blocks: { ...graph.blocks } })).toBe(true);
});

describe.each(NAMES)("%s", (name) => {
  const node = graph.nodes.find(({ id }) => id === name);
  const linear = graph.nodes.find(({ id }) => id === `linear ${name}`);
  if (!node || !linear) throw new Error("the graph has these nodes");

  test("is not a type, a port or a parameter of its own accord", () => {
    expect(infoOf(graph, TYPES, node)).toBeUndefined();
    expect(unknownReason(graph, TYPES, node)).toContain(name);
    expect(frameOf(infoAt(graph, TYPES, name))).toBe("training");
    expect(
      whyNotConnect(graph, TYPES, graph.edges.find(({ source }) => source === name) as never),
    ).not.toBeNull();
    expect(portType(graph, TYPES, { node: linear.id, side: "target", port: name })).toBeUndefined();
    expect(changedParams({ graph, node }, { graph, node }, TYPES)).toEqual([]);
    const param = shapeOf(TYPES.Linear as never).params[0];
    if (!param) throw new Error("Linear has parameters");
    const unset = { ...linear, params: {} };
    expect(paramValue(unset, { ...param, name })).toBe(param.default);
    expect(isChanged(unset, { ...param, name })).toBe(false);
    expect(describeNode(node, undefined, new Map(), undefined)).toContain(name);
  });

  test("is not an end of a block, a wire family, a metric or a value on its own", () => {
    expect(isEnd(name)).toBe(false);
    expect(findEnd(scopeOf(graph, [`block of ${name}`]), name)).toBeUndefined();
    expect(wireFamily(name)).toBe("scalar");
    for (const key of [name, `${name}_loss`, `val_${name}`])
      expect(metricLabel(key)).not.toMatch(/function|object O/);
    expect(ownValue({}, name)).toBeUndefined();
    expect(readParams(`${name}=1`, () => undefined, "")).toMatchObject({ params: { [name]: 1 } });
  });

  test("is found as node and block", () => {
    expect(locateNode(graph, name)?.node).toBe(name);
    expect(scopeOf(graph, [`block of ${name}`]).nodes.map(({ id }) => id)).toContain("fc");
    expect(usesOf(graph, name)).toBe(1);
    expect(Object.keys(definitionsFor(graph.blocks, graph.nodes))).toContain(name);
    expect(expandBlock(graph, TYPES, `block of ${name}`)).not.toBeNull();
    expect(possibleWires(graph, TYPES, name)).toEqual([]);
    expect(findNodes(graph, TYPES, name).length).toBeGreaterThan(0);
  });
});

test("the whole graph is placed, drawn, listed, compared and reported", () => {
  expect([...tidy(graph, TYPES).keys()].sort()).toEqual(graph.nodes.map(({ id }) => id).sort());
  expect(drawGraph(graph, TYPES).places.size).toBe(graph.nodes.length);
  expect(compareGraphs(graph, graphOf(NAMES), TYPES)).toEqual([]);
  expect(compareGraphs({ ...graph, nodes: [], blocks: {} }, graph, TYPES).length).toBeGreaterThan(0);
  expect(outlineRows(graph, TYPES, new Set()).length).toBeGreaterThan(graph.nodes.length);
  expect(unsupportedFeatures(graph, TYPES).length).toBeGreaterThan(0);
  const report = reportIn(reportOf(graph), graph, []);
  expect(Object.keys(report?.nodes ?? {}).sort()).toEqual(graph.nodes.map(({ id }) => id).sort());
  expect(modelRows(graph, TYPES, report).length).toBeGreaterThan(0);
});
