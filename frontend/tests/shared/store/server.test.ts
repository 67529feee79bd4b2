import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadCatalogue, useCatalogue } from "@/features/graph/store/catalogue";
import { listGraphs } from "@/shared/api/graphs";
import { signIn, useServer, watchServer, watchSession } from "@/shared/store/server";
import { useSystem } from "@/shared/store/system";
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

describe("the session", () => {
  const session = (signed_in: boolean) =>
    http.get("/api/session", () =>
      HttpResponse.json({ required: true, signed_in, expires: signed_in ? 2_000_000_000 : null }),
    );
  let stop = (): void => undefined;
  beforeEach(() => {
    useSystem.setState({ socket: "open" });
    stop = watchSession();
  });
  afterEach(() => stop());

  test("is asked for when the socket closes, which its end does", async () => {
    server.use(session(false));
    useSystem.setState({ socket: "closed" });
    await expect.poll(() => useServer.getState().needsToken).toBe(true);
    server.use(session(true));
    useSystem.setState({ socket: "open" });
    await expect.poll(() => useServer.getState().needsToken).toBe(false);
    expect(useServer.getState().hasSession).toBe(true);
  });

  test("without the right token there is none, and a sentence states why", async () => {
    useServer.setState({ needsToken: true });
    const error = { code: "too_many_attempts", message: "Too many.", hint: "Try again in 12 seconds." };
    server.use(http.post("/api/session", () => HttpResponse.json({ error }, { status: 429 })));
    expect(await signIn("wrong")).toBe("Too many. Try again in 12 seconds.");
    expect(useServer.getState().needsToken).toBe(true);
    server.use(http.post("/api/session", () => new HttpResponse(null, { status: 204 })));
    expect(await signIn("right")).toBeNull();
    expect(useServer.getState()).toMatchObject({ needsToken: false, hasSession: true });
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
