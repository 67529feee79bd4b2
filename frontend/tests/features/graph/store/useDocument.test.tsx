import { renderHook } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { renameGraph } from "@/features/graph/model/document";
import { readBrowserDraft } from "@/features/graph/store/drafts";
import { edit, undo, useGraph } from "@/features/graph/store/graph";
import { useDocument } from "@/features/graph/store/useDocument";
import { useServer } from "@/shared/store/server";
import { TYPES } from "../../../helpers/catalogue";
import { GraphServer, noServer } from "../../../helpers/graphServer";
import { sampleGraph } from "../../../helpers/graphs";
import { server, startServerDouble } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

let graphs: GraphServer;
const draftName = (): string | undefined => graphs.stored.get("g1")?.draft?.name;
const answers = () => [
  http.get("/api/nodes", () => HttpResponse.json(TYPES)),
  http.get("/api/nodes/unavailable", () => HttpResponse.json([])),
  http.get("/api/nodes/diagnostics", () => HttpResponse.json([])),
  http.get("/api/health", () => HttpResponse.json({ status: "ok", version: "1" })),
  ...graphs.handlers,
];

/** Time runs as fast as the test likes, but for the network. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true, advanceTimeDelta: 5 });
  graphs = new GraphServer();
  graphs.put("g1", sampleGraph());
  freshPage();
});
afterEach(() => vi.useRealTimers());

/** Opens the page and waits for the document. */
async function openPage(): Promise<void> {
  server.use(...answers());
  renderHook(useDocument);
  await expect.poll(() => useGraph.getState().graphId).toBe("g1");
}

test("a page that asked for the token opens the document once it may, also after a visit without it", async () => {
  const needed = { code: "no_token", message: "This server needs its token.", hint: "" };
  server.use(http.all("*", () => HttpResponse.json({ error: needed }, { status: 401 })));
  const { unmount } = renderHook(useDocument);
  await expect.poll(() => useServer.getState().needsToken).toBe(true);
  window.dispatchEvent(new Event("pagehide"));
  expect(readBrowserDraft()).toBeNull();
  server.use(...answers());
  useServer.setState({ needsToken: false });
  await expect.poll(() => useGraph.getState().graphId).toBe("g1");
  unmount();
});

describe("edits are kept automatically", () => {
  beforeEach(openPage);

  test("within a second, on the server", async () => {
    edit((graph) => renameGraph(graph, "Edited"));
    vi.advanceTimersByTime(1000);
    await expect.poll(draftName).toBe("Edited");
  });

  test("also one that is refused because the session has ended: it is stored after signing in", async () => {
    const error = { code: "no_token", message: "This server needs its token.", hint: "" };
    let refused = 0;
    server.use(
      http.put("*/draft", () => {
        refused += 1;
        return HttpResponse.json({ error }, { status: 401 });
      }),
    );
    edit((graph) => renameGraph(graph, "Edited"));
    vi.advanceTimersByTime(1000);
    await expect.poll(() => useServer.getState().needsToken).toBe(true);
    expect(refused).toBe(1);
    expect(useGraph.getState().graph.name).toBe("Edited");
    expect(draftName()).not.toBe("Edited");
    server.use(...answers());
    useServer.setState({ needsToken: false });
    vi.advanceTimersByTime(1000);
    await expect.poll(draftName).toBe("Edited");
  });

  test("an undo as well", async () => {
    edit((graph) => renameGraph(graph, "Edited"));
    vi.advanceTimersByTime(1000);
    await expect.poll(() => useGraph.getState().draft).toBe("server");
    undo();
    vi.advanceTimersByTime(1000);
    await expect.poll(draftName).toBe("Test graph");
  });

  test("one request for edits that come close together", async () => {
    for (const name of ["A", "B", "C"]) edit((graph) => renameGraph(graph, name));
    vi.advanceTimersByTime(1000);
    await expect.poll(draftName).toBe("C");
    expect(graphs.writes).toEqual(["draft g1"]);
  });

  test("a page that is closed at once keeps the last one in the browser", () => {
    edit((graph) => renameGraph(graph, "Edited"));
    window.dispatchEvent(new Event("pagehide"));
    expect(readBrowserDraft()?.graph.name).toBe("Edited");
  });

  test("what was edited while the server was away reaches it when it is back", async () => {
    server.use(noServer);
    edit((graph) => renameGraph(graph, "Edited"));
    vi.advanceTimersByTime(1000);
    await expect.poll(() => useGraph.getState().draft).toBe("browser");
    server.resetHandlers(...answers());
    await expect
      .poll(() => {
        vi.advanceTimersByTime(2000);
        return draftName();
      })
      .toBe("Edited");
  });
});

test("a document that came without places is laid out", async () => {
  const graph = sampleGraph();
  graphs.put("g1", { ...graph, nodes: graph.nodes.map((node) => ({ ...node, position: null })) });
  await openPage();
  await expect.poll(() => useGraph.getState().graph.nodes.every(({ position }) => position)).toBe(true);
});
