import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadCatalogue, useCatalogue } from "@/features/graph/store/catalogue";
import { listGraphs } from "@/shared/api/graphs";
import { useServer, watchServer } from "@/shared/store/server";
import { TYPES } from "../../helpers/catalogue";
import { noServer } from "../../helpers/graphServer";
import { server, startServerDouble } from "../../helpers/server";
import { freshPage } from "../../helpers/stores";

startServerDouble();
beforeEach(() => freshPage());

describe("whether the server answers", () => {
  let stop = (): void => undefined;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    stop = watchServer();
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });
  const reachable = (): boolean => useServer.getState().reachable;

  test("is known from any request, and asked again until it does", async () => {
    server.use(noServer);
    await expect(listGraphs()).rejects.toThrow("The VisDL server does not answer.");
    expect(reachable()).toBe(false);
    server.resetHandlers(http.get("/api/health", () => HttpResponse.json({ status: "ok", version: "1" })));
    vi.advanceTimersByTime(2000);
    await expect.poll(reachable).toBe(true);
  });

  test("a server that rejects a request is available", async () => {
    const error = { code: "busy", message: "Not now.", hint: "Try later." };
    server.use(http.get("/api/graphs", () => HttpResponse.json({ error }, { status: 503 })));
    await expect(listGraphs()).rejects.toMatchObject({
      status: 503,
      message: "Not now.",
      hint: "Try later.",
    });
    expect(reachable()).toBe(true);
  });

  test("a proxy that answers for it is not the server", async () => {
    server.use(http.get("/api/graphs", () => new HttpResponse("Bad gateway", { status: 502 })));
    await expect(listGraphs()).rejects.toMatchObject({ unreachable: true });
    expect(reachable()).toBe(false);
  });
});

const LACKING = {
  type: "Muon",
  display_name: "Muon",
  category: "Optimizer",
  reason: "Muon needs torch 2.9.",
};

describe("the catalogue", () => {
  const answers = [
    http.get("/api/nodes", () => HttpResponse.json({ ReLU: TYPES.ReLU })),
    http.get("/api/nodes/unavailable", () => HttpResponse.json([LACKING])),
    http.get("/api/nodes/diagnostics", () => HttpResponse.json([{ file: "a.py", line: 3, message: "No." }])),
  ];
  beforeEach(() => useCatalogue.setState({ types: {}, unavailable: [], diagnostics: [], status: "loading" }));

  test("comes with the node files that could not be used", async () => {
    server.use(...answers);
    await loadCatalogue();
    expect(useCatalogue.getState()).toEqual({
      types: { ReLU: TYPES.ReLU },
      unavailable: [LACKING],
      diagnostics: [{ file: "a.py", line: 3, message: "No." }],
      status: "ready",
    });
  });

  test("what is known stays when the server is away", async () => {
    server.use(...answers);
    await loadCatalogue();
    server.use(noServer);
    await loadCatalogue();
    expect(useCatalogue.getState()).toMatchObject({ types: { ReLU: TYPES.ReLU }, status: "ready" });
  });

  test("without any it has failed", async () => {
    server.use(noServer);
    await loadCatalogue();
    expect(useCatalogue.getState().status).toBe("failed");
  });
});
