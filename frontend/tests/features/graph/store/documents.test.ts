import { beforeEach, describe, expect, test } from "vitest";
import { emptyGraph, renameGraph } from "@/features/graph/model/document";
import * as documents from "@/features/graph/store/documents";
import { readBrowserDraft, writeBrowserDraft } from "@/features/graph/store/drafts";
import { edit, isDirty, undo, useGraph } from "@/features/graph/store/graph";
import { useUi } from "@/shared/store/ui";
import { GraphServer, noServer } from "../../../helpers/graphServer";
import { sampleGraph } from "../../../helpers/graphs";
import { gate, server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

let graphs: GraphServer;
const rename = (name: string): void => edit((graph) => renameGraph(graph, name));
const open = () => useGraph.getState();
const storedName = (id: string): string | undefined => graphs.stored.get(id)?.graph.name;

beforeEach(() => {
  graphs = new GraphServer();
  graphs.put("g1", sampleGraph());
  server.use(...graphs.handlers);
  freshPage(sampleGraph());
});

describe("saving", () => {
  test("makes the next version", async () => {
    rename("Wider");
    await documents.saveGraph();
    expect(graphs.stored.get("g1")).toMatchObject({ version: 2, name: "Wider" });
    expect(open()).toMatchObject({ version: 2, draft: "clean" });
    expect(isDirty(open())).toBe(false);
    expect(toasts()).toContain("Saved “Wider”, version 2.");
  });

  test("a document that was never stored becomes a graph", async () => {
    useGraph.setState({ graphId: null, version: null });
    await documents.saveGraph();
    expect(open()).toMatchObject({ graphId: "new1", version: 1 });
  });

  test("edits made meanwhile stay unsaved", async () => {
    rename("One");
    const saving = documents.saveGraph();
    rename("Two");
    await saving;
    expect(storedName("g1")).toBe("One");
    expect(isDirty(open())).toBe(true);
    expect(open().draft).toBe("pending");
  });

  test("pressed twice at once, it saves once", async () => {
    rename("One");
    await Promise.all([documents.saveGraph(), documents.saveGraph()]);
    expect(graphs.writes).toEqual(['save g1 over "1"']);
    expect(useUi.getState().dialog).toBeNull();
  });

  test("another document that was opened meanwhile stays what it is", async () => {
    graphs.put("g2", renameGraph(sampleGraph(), "Other"));
    const { opened, open: answer } = gate();
    rename("One");
    await documents.flushDraft();
    graphs.ready = opened;
    const saving = documents.saveGraph();
    await documents.openGraph("g2");
    answer();
    await saving;
    expect(open()).toMatchObject({ graphId: "g2", version: 1, graph: { name: "Other" } });
    expect(isDirty(open())).toBe(false);
  });

  test("without the server it is not saved, and that is reported", async () => {
    server.use(noServer);
    rename("One");
    await documents.saveGraph();
    expect(isDirty(open())).toBe(true);
    expect(toasts()).toContain("The VisDL server does not answer.");
  });

  test("a graph that was deleted meanwhile is stored as a copy", async () => {
    graphs.stored.delete("g1");
    rename("One");
    await documents.saveGraph();
    expect(open()).toMatchObject({ graphId: "new0", graph: { name: "One copy" } });
  });

  test("a document that is saved already makes no further version", async () => {
    await documents.saveGraph();
    expect(graphs.writes).toEqual([]);
    expect(toasts()).toContain("Saved “Test graph”, version 1.");
  });
});

describe("a newer version on the server", () => {
  beforeEach(async () => {
    graphs.put("g1", renameGraph(sampleGraph(), "Theirs"));
    rename("Mine");
    await documents.saveGraph();
  });

  test("is not overwritten; the page asks what to keep", () => {
    expect(storedName("g1")).toBe("Theirs");
    expect(useUi.getState().dialog).toBe("conflict");
  });

  test("can be opened", async () => {
    await documents.loadTheirs();
    expect(open()).toMatchObject({ graph: { name: "Theirs" }, version: 2, draft: "clean" });
  });

  test("stays beside a copy of what is here", async () => {
    await documents.saveCopy();
    expect(open()).toMatchObject({ graph: { name: "Mine copy" }, graphId: "new1" });
    expect(storedName("g1")).toBe("Theirs");
  });
});

describe("drafts", () => {
  test("an edit is kept in the browser and on the server", async () => {
    rename("One");
    await documents.flushDraft();
    expect(readBrowserDraft()).toMatchObject({ graph: { name: "One" }, graphId: "g1", dirty: true });
    expect(graphs.stored.get("g1")?.draft?.name).toBe("One");
    expect(open().draft).toBe("server");
  });

  test("consecutive edits build on each other", async () => {
    await documents.openGraph("g1");
    for (const name of ["One", "Two", "Three"]) {
      rename(name);
      await documents.flushDraft();
    }
    expect(graphs.stored.get("g1")).toMatchObject({ draft: { name: "Three" }, revision: 4 });
    expect(useUi.getState().dialog).toBeNull();
    rename("Four");
    await documents.saveGraph();
    rename("Five");
    await documents.flushDraft();
    expect(graphs.stored.get("g1")).toMatchObject({ draft: { name: "Five" }, version: 2, revision: 6 });
  });

  test("one based on an older revision overwrites nothing; the page asks what to keep", async () => {
    await documents.openGraph("g1");
    graphs.draft("g1", renameGraph(sampleGraph(), "Theirs"));
    rename("Mine");
    await documents.flushDraft();
    expect(graphs.stored.get("g1")?.draft?.name).toBe("Theirs");
    expect(useUi.getState().dialog).toBe("conflict");
    expect(readBrowserDraft()?.graph.name).toBe("Mine");
    await documents.loadTheirs();
    expect(open()).toMatchObject({ graph: { name: "Theirs" }, draft: "server" });
    rename("Theirs and mine");
    await documents.flushDraft();
    expect(graphs.stored.get("g1")?.draft?.name).toBe("Theirs and mine");
  });

  test("without the server it stays in the browser", async () => {
    server.use(noServer);
    rename("One");
    await documents.flushDraft();
    expect(open().draft).toBe("browser");
    expect(readBrowserDraft()?.graph.name).toBe("One");
    expect(toasts()).toEqual([]);
  });

  test("where nothing was edited, nothing is sent", async () => {
    await documents.flushDraft();
    expect(graphs.writes).toEqual([]);
  });

  test("an edit that was undone is undone in the server's draft too", async () => {
    rename("One");
    await documents.flushDraft();
    undo();
    await documents.flushDraft();
    expect(graphs.stored.get("g1")?.draft?.name).toBe("Test graph");
  });

  test("writes reach the server in the order in which they were made", async () => {
    const { opened, open: answer } = gate();
    graphs.ready = opened;
    rename("One");
    const kept = documents.flushDraft();
    rename("Two");
    const saved = documents.saveGraph();
    answer();
    await Promise.all([kept, saved]);
    expect(graphs.writes).toEqual(["draft g1", 'save g1 over "1"']);
    expect(graphs.stored.get("g1")).toMatchObject({ draft: null, graph: { name: "Two" } });
  });
});

describe("opening", () => {
  test("a graph opens with its draft, which is unsaved", async () => {
    graphs.put("g2", sampleGraph(), { draft: renameGraph(sampleGraph(), "Draft") });
    await documents.openGraph("g2");
    expect(open()).toMatchObject({ graph: { name: "Draft" }, graphId: "g2", draft: "server" });
    expect(isDirty(open())).toBe(true);
  });

  test("what was edited before is kept first", async () => {
    graphs.put("g2", sampleGraph());
    rename("One");
    await documents.openGraph("g2");
    expect(graphs.stored.get("g1")?.draft?.name).toBe("One");
  });

  test("a missing graph is reported and leaves the open one", async () => {
    await documents.openGraph("gone");
    expect(open().graphId).toBe("g1");
    expect(toasts()).toContain("There is no graph gone.");
  });

  test("a new graph is stored empty", async () => {
    await documents.newGraph();
    expect(open()).toMatchObject({ graphId: "new1", graph: emptyGraph() });
  });

  test("without the server a new graph is kept here until it comes back", async () => {
    server.use(noServer);
    await documents.newGraph();
    expect(open()).toMatchObject({ graphId: null, draft: "pending" });
  });
});

describe("after a reload", () => {
  const mine = renameGraph(sampleGraph(), "Mine");
  const kept = (dirty: boolean, graphId: string | null = "g1") =>
    writeBrowserDraft({ graph: mine, graphId, version: 1, dirty });

  beforeEach(() => freshPage());

  test("a fresh browser opens the newest graph", async () => {
    await documents.restoreDocument();
    expect(open()).toMatchObject({ graphId: "g1", graph: { name: "Test graph" } });
  });

  test("unsaved edits of this browser are there, and the server gets them", async () => {
    kept(true);
    await documents.restoreDocument();
    expect(open()).toMatchObject({ graph: { name: "Mine" }, graphId: "g1", draft: "server" });
    expect(isDirty(open())).toBe(true);
    expect(graphs.stored.get("g1")?.draft?.name).toBe("Mine");
  });

  test("unsaved edits of this browser do not overwrite what was changed elsewhere since", async () => {
    writeBrowserDraft({ graph: mine, graphId: "g1", version: 1, revision: 1, dirty: true });
    graphs.draft("g1", renameGraph(sampleGraph(), "Theirs"));
    await documents.restoreDocument();
    expect(graphs.stored.get("g1")?.draft?.name).toBe("Theirs");
    expect(useUi.getState().dialog).toBe("conflict");
    expect(open().graph.name).toBe("Mine");
  });

  test("without any, the server's document opens", async () => {
    kept(false);
    await documents.restoreDocument();
    expect(open()).toMatchObject({ graph: { name: "Test graph" }, draft: "clean" });
  });

  test("a graph that was deleted meanwhile continues as one that was never stored", async () => {
    kept(true, "gone");
    await documents.restoreDocument();
    expect(open()).toMatchObject({ graph: { name: "Mine" }, graphId: null, version: null });
  });

  test("without the server the document of this browser opens", async () => {
    server.use(noServer);
    kept(true);
    await documents.restoreDocument();
    expect(open()).toMatchObject({ graph: { name: "Mine" }, draft: "browser" });
    expect(toasts()).toEqual([]);
  });
});
