import { describe, expect, test } from "vitest";
import * as notes from "@/features/graph/model/annotations";
import { expandBlock } from "@/features/graph/model/blocks/expandBlock";
import { makeBlock } from "@/features/graph/model/blocks/makeBlock";
import * as doc from "@/features/graph/model/document";
import { ALL } from "../../../helpers/blocks";
import { graphOf } from "../../../helpers/graphs";

const chain = () =>
  graphOf(
    { a: "Linear", b: "ReLU", c: "Linear", d: "ReLU" },
    "a.output > b.x",
    "b.output > c.x",
    "c.output > d.x",
  );
const grouped = (...nodes: string[]) => notes.addGroup(chain(), nodes, "Encoder").graph;
const members = (graph: ReturnType<typeof chain>) =>
  graph.groups.map(({ title, nodes }) => [title, ...nodes]);

describe("a group", () => {
  test("takes its nodes out of the one that they were in; an empty one goes", () => {
    const two = notes.addGroup(grouped("a", "b"), ["b", "c"], "Middle").graph;
    expect(members(two)).toEqual([
      ["Encoder", "a"],
      ["Middle", "b", "c"],
    ]);
    expect(members(notes.addGroup(two, ["a"], "All").graph).map(([title]) => title)).toEqual([
      "Middle",
      "All",
    ]);
  });

  test("is joined and left", () => {
    const three = notes.joinGroup(grouped("a", "b"), "group", new Set(["c"]));
    expect(members(three)).toEqual([["Encoder", "a", "b", "c"]]);
    expect(members(notes.leaveGroups(three, new Set(["a"])))).toEqual([["Encoder", "b", "c"]]);
    expect(notes.leaveGroups(three, new Set(["d"]))).toBe(three);
  });

  test("holds no node that is gone", () => {
    const before = grouped("a", "b");
    const after = notes.settled(before, doc.remove(before, new Set(["a"]), new Set()));
    expect(members(after)).toEqual([["Encoder", "b"]]);
    expect(notes.settled(before, before)).toBe(before);
  });

  test("is copied with all of its nodes, and not with some", () => {
    const graph = grouped("a", "b");
    const copied = doc.insert(graph, doc.fragmentOf(graph, new Set(["a", "b"])), { x: 0, y: 200 }).graph;
    expect(members(copied)).toHaveLength(2);
    expect(new Set(copied.groups.flatMap((group) => group.nodes)).size).toBe(4);
    expect(doc.fragmentOf(graph, new Set(["a"])).groups).toEqual([]);
  });

  test("goes into a block with its nodes, and comes back from it", () => {
    const { graph, id } = makeBlock(grouped("b", "c"), ALL, new Set(["b", "c"]), "Inner");
    const [block] = Object.values(graph.blocks);
    expect(block?.groups.map(({ nodes }) => nodes)).toEqual([["b", "c"]]);
    const back = expandBlock(notes.settled(undefined, graph), ALL, id).graph;
    expect(members(back)).toEqual([["Encoder", "b", "c"]]);
  });
});

describe("a note", () => {
  test("is moved, copied and removed as a node is", () => {
    const { graph, id } = notes.addNote(chain(), { x: 10, y: 20 }, "read me");
    const key = notes.noteKey(id);
    const moved = doc.moveNodes(graph, new Map([[key, { x: 50, y: 60 }]]));
    expect(moved.notes[0]?.position).toEqual({ x: 50, y: 60 });
    expect(doc.moveNodes(moved, new Map([[key, { x: 50, y: 60 }]]))).toBe(moved);
    const copied = doc.insert(moved, doc.fragmentOf(moved, new Set([key])), { x: 5, y: 5 });
    expect(copied.graph.notes.map(({ text, position }) => [text, position.x])).toEqual([
      ["read me", 50],
      ["read me", 55],
    ]);
    expect(copied.ids).toEqual([notes.noteKey("note_2")]);
    expect(doc.remove(moved, new Set([key]), new Set()).notes).toEqual([]);
  });

  test("means nothing to the server's check", () => {
    expect(doc.sameMeaning(chain(), chain())).toBe(false);
    const graph = chain();
    expect(doc.sameMeaning(graph, notes.addNote(graph, { x: 0, y: 0 }).graph)).toBe(true);
  });
});

test("a note stays beside the node that is nearest to it", () => {
  const graph = chain();
  graph.nodes.forEach((node, index) => {
    node.position = { x: index * 300, y: 0 };
  });
  const { graph: noted } = notes.addNote(graph, { x: 620, y: -150 }, "Why twice?");
  const places = new Map([["c", { x: 0, y: 500 }]]);
  expect(notes.notesBeside(noted, places)).toEqual(new Map([["note:note", { x: 20, y: 350 }]]));
  expect(notes.notesBeside(noted, new Map([["a", { x: 9, y: 9 }]]))).toEqual(new Map());
});
