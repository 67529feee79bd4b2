import { beforeEach, describe, expect, test } from "vitest";
import * as list from "@/features/files/store/graphList";
import { renameGraph } from "@/features/graph/model/document";
import { flushDraft, openGraph, saveGraph } from "@/features/graph/store/documents";
import { edit, undo, useGraph } from "@/features/graph/store/graph";
import { restoreVersion } from "@/features/versions/store/versions";
import { GraphServer, noServer } from "../../../helpers/graphServer";
import { sampleGraph } from "../../../helpers/graphs";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

let graphs: GraphServer;
const open = () => useGraph.getState();
const named = (name: string) => renameGraph(sampleGraph(), name);
const nothing = (): void => undefined;

beforeEach(() => {
  localStorage.clear();
  graphs = new GraphServer();
  graphs.put("g1", sampleGraph());
  server.use(...graphs.handlers);
  freshPage(sampleGraph());
});

test("a duplicate is a graph of its own, also of the longest name", async () => {
  graphs.put("g1", named("x".repeat(200)));
  await list.duplicateGraph("g1");
  expect(open().graph.name).toHaveLength(200);
  expect(open().graph.name).toMatch(/x copy$/);
  expect(open().graphId).toBe("new1");
});

test("where the open one is deleted, another opens, and it can be brought back", async () => {
  graphs.put("g2", named("Other"));
  await list.removeGraph("g1", "Test graph", nothing);
  expect(open()).toMatchObject({ graphId: "g2", graph: { name: "Other" } });
  expect(toasts()).toEqual(["Deleted “Test graph”."]);
  await list.bringBack("g1", true);
  expect(open()).toMatchObject({ graphId: "g1", graph: { name: "Test graph" } });
});

test("edits that were under way when a graph was deleted come back with it", async () => {
  edit((graph) => renameGraph(graph, "Edited"));
  await list.removeGraph("g1", "Edited", nothing);
  await list.bringBack("g1", true);
  expect(open().graph.name).toBe("Edited");
});

test("where it was the only one, an empty one opens", async () => {
  await list.removeGraph("g1", "Test graph", nothing);
  expect(open().graph.nodes).toEqual([]);
});

test("where another one is deleted, the open one stays", async () => {
  graphs.put("g2", sampleGraph());
  await list.removeGraph("g2", "Test graph", nothing);
  expect(open().graphId).toBe("g1");
});

test("the open graph is renamed as an edit, which can be undone", async () => {
  await list.renameStored("g1", "Better");
  expect(open().graph.name).toBe("Better");
  undo();
  expect(open().graph.name).toBe("Test graph");
});

test("another one is renamed where its newest document is: the draft, else a version", async () => {
  graphs.put("g2", named("Old"));
  await list.renameStored("g2", "New");
  expect(graphs.stored.get("g2")).toMatchObject({ version: 2, graph: { name: "New" } });
  graphs.draft("g2", named("Draft"));
  await list.renameStored("g2", "Newer");
  expect(graphs.stored.get("g2")).toMatchObject({ version: 2, draft: { name: "Newer" } });
});

test("a version is saved with a name; one that is saved already gets it", async () => {
  edit((graph) => renameGraph(graph, "Edited"));
  await saveGraph("before dropout");
  await saveGraph("after all");
  expect(graphs.writes).toEqual(['save g1 over "1" as before dropout', "name g1 2 after all"]);
});

test("a version is restored as one step that can be undone", () => {
  restoreVersion(named("Earlier"), 3);
  expect(open().graph.name).toBe("Earlier");
  expect(toasts()).toEqual(["Restored version 3."]);
  undo();
  expect(open().graph.name).toBe("Test graph");
});

describe("edits that the server has not seen", () => {
  const leave = async (): Promise<void> => {
    await openGraph("g1");
    server.use(noServer);
    edit((graph) => renameGraph(graph, "Unsent"));
    await flushDraft();
    server.resetHandlers();
    server.use(...graphs.handlers);
    // Another graph takes the place of this one in the browser's own draft.
    freshPage(named("Another"));
  };

  test("are back when their graph is opened, though another one was open in between", async () => {
    await leave();
    await openGraph("g1");
    expect(open()).toMatchObject({ graphId: "g1", graph: { name: "Unsent" } });
    expect(graphs.stored.get("g1")?.draft?.name).toBe("Unsent");
    undo();
    expect(open().graph.name).toBe("Test graph");
  });

  test("never replace what was changed elsewhere since: they are offered as a copy", async () => {
    await leave();
    graphs.draft("g1", named("Theirs"));
    await openGraph("g1");
    expect(open().graph.name).toBe("Theirs");
    expect(toasts()).toContain("This browser has edits of “Test graph” that never reached the server.");
  });

  test("that did arrive are forgotten", async () => {
    await leave();
    graphs.draft("g1", named("Unsent"));
    await openGraph("g1");
    expect(localStorage.getItem("visdl.unsent.g1")).toBeNull();
  });
});
