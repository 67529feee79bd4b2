import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { useGraph } from "@/features/graph/store/graph";
import { describeRun, findRuns, removeRuns } from "@/features/runs/store/runList";
import * as runs from "@/features/runs/store/runs";
import { curvesOf } from "@/features/runs/store/series";
import type { Run } from "@/shared/api/types";
import { selectRuns, useUi } from "@/shared/store/ui";
import { diagnostic } from "../../../helpers/diagnostics";
import { sampleGraph } from "../../../helpers/graphs";
import { RunServer } from "../../../helpers/runServer";
import { log, nodeEvent, points, state } from "../../../helpers/runs";
import { gate, server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

const NEWEST = { key: "created", descending: true };
let world: RunServer;
let stopFollowing = (): void => undefined;
let count = 0;
/** Ids are new in each test: the page never forgets a run. */
let id = "";

const page = () => runs.useRuns.getState();
const shown = (run = id): Run | undefined => page().runs[run];
const curve = (run = id): number[] => [...(curvesOf(run).get("batch_loss")?.steps ?? [])];
const messages = (): string[] => page().log.flatMap((event) => (event.type === "log" ? [event.message] : []));

/** Opens the page's socket and waits until the newest run is there. */
async function follow(): Promise<void> {
  stopFollowing = runs.followRuns();
  await expect
    .poll(() => [page().activeRunId, curvesOf(page().activeRunId ?? "").size > 0])
    .toEqual([id, true]);
}

beforeEach(() => {
  id = `run-${++count}`;
  world = new RunServer();
  server.use(...world.handlers);
  freshPage(sampleGraph());
});

afterEach(() => stopFollowing());

describe("opening the page", () => {
  test("shows the newest run with its curves, log and the state of its nodes", async () => {
    world.add("older");
    world.record("older", state("completed"));
    world.record(
      id,
      state("running"),
      nodeEvent("csv", "ended"),
      nodeEvent("train", "started"),
      log("Hello"),
      points(1, 2),
    );
    await follow();
    expect(curve()).toEqual([1, 2]);
    expect(messages()).toEqual(["Hello"]);
    expect(page().nodes).toEqual({ csv: { status: "done" }, train: { status: "running" } });
  });

  test("shows the run that trains rather than a newer one that has ended", async () => {
    world.record(id, state("running"), points(1));
    world.record("newer", state("completed"));
    await follow();
    expect(page().activeRunId).toBe(id);
  });
});

describe("following a run", () => {
  beforeEach(async () => {
    world.record(id, state("running"), log("one"), points(1));
    await follow();
  });

  test("each kind of event has its place", async () => {
    const progress = {
      epoch: 1,
      epochs: 10,
      step: 10,
      steps: 100,
      kept_epoch: null,
      samples_per_second: 500,
      seconds_left: 3,
    };
    const summary = { val_loss: { last: 0.5, best: 0.4, best_epoch: 1, direction: "minimize" as const } };
    world.happen(
      id,
      { type: "progress", progress },
      { type: "metrics", series: { batch_loss: [[2, 0, 0.5]] }, summary },
      nodeEvent("train", "started"),
      log("two"),
      state("paused"),
    );
    await expect.poll(() => shown()?.state).toBe("paused");
    expect(shown()).toMatchObject({ progress, metrics: summary, seq: 8 });
    expect(curve()).toEqual([1, 2]);
    expect(messages()).toEqual(["one", "two"]);
    expect(page().nodes).toEqual({ train: { status: "running" } });
  });

  test("where a run trains is known as soon as it trains", async () => {
    world.happen(id, state("starting", null, { device: "cuda:0" }));
    await expect.poll(() => shown()?.device).toBe("cuda:0");
    world.happen(id, state("running", null, { device: "cuda:0", threads: 2 }));
    await expect.poll(() => shown()?.threads).toBe(2);
  });

  test("a failure marks its node and is reported", async () => {
    const error = diagnostic({ message: "The loss is not finite.", node: "train" });
    world.happen(id, state("failed", error));
    await expect.poll(toasts).toEqual([`Net · ${id} failed: The loss is not finite.`]);
    expect(page().nodes.train).toEqual({ status: "failed", message: "The loss is not finite." });
  });

  test("events of another run leave the shown log alone", async () => {
    world.happen("other", log("elsewhere"));
    await expect.poll(() => shown("other")).toBeDefined();
    world.happen("other", log("elsewhere again"));
    await expect.poll(() => shown("other")?.seq).toBe(2);
    expect(messages()).toEqual(["one"]);
  });

  test("an event that arrives twice is applied once", async () => {
    const again = world.record(id, log("two"), points(2));
    for (const event of [...again, ...again]) world.send(event);
    world.happen(id, log("three"));
    await expect.poll(messages).toEqual(["one", "two", "three"]);
    expect(curve()).toEqual([1, 2]);
  });

  test("where a message was lost, log and curves are whole again", async () => {
    world.record(id, log("lost"), points(2));
    world.happen(id, log("three"), points(3));
    await expect.poll(messages).toEqual(["one", "lost", "three"]);
    await expect.poll(curve).toEqual([1, 2, 3]);
    expect(shown()?.seq).toBe(world.runs.get(id)?.seq);
  });

  test("after dropped messages the server resyncs and sends them again", async () => {
    const dropped = world.record(id, log("two"), points(2));
    world.resync();
    for (const event of dropped) world.send(event);
    world.happen(id, log("three"), points(3));
    await expect.poll(messages).toEqual(["one", "two", "three"]);
    expect(curve()).toEqual([1, 2, 3]);
  });

  test("where the answer is ahead of the messages, they still have their place", async () => {
    const onTheirWay = world.record(id, log("two"), points(2));
    await runs.pauseRun();
    expect(shown()?.state).toBe("paused");
    for (const event of onTheirWay) world.send(event);
    await expect.poll(messages).toEqual(["one", "two"]);
    await expect.poll(curve).toEqual([1, 2]);
    expect(shown()?.state).toBe("paused");
  });

  test("a list that is ahead of the messages takes nothing from the curves", async () => {
    const onTheirWay = world.record(id, log("two"), points(2));
    await findRuns({}, NEWEST, { limit: 10 });
    for (const event of onTheirWay) world.send(event);
    await expect.poll(curve).toEqual([1, 2]);
    await expect.poll(messages).toEqual(["one", "two"]);
  });

  test("a name that is given while it trains is kept, and what is newer too", async () => {
    const answered = describeRun(id, { name: "Wider", starred: true });
    world.happen(id, log("two"));
    await expect.poll(messages).toEqual(["one", "two"]);
    await answered;
    expect(shown()).toMatchObject({ name: "Wider", starred: true, seq: world.runs.get(id)?.seq });
  });
});

describe("a run that was started elsewhere", () => {
  beforeEach(async () => {
    world.record(id, state("completed"), points(1));
    await follow();
  });

  test("is asked for once, however many of its events come", async () => {
    const { opened, open } = gate();
    world.ready = opened;
    for (let step = 1; step <= 20; step++) world.happen("new", points(step));
    await expect.poll(() => world.requests).toContain("GET /api/runs/new");
    open();
    await expect.poll(() => shown("new")?.seq).toBe(20);
    expect(world.requests.filter((request) => request === "GET /api/runs/new")).toHaveLength(1);
  });

  test("is known to its last event, also where this came while it was asked for", async () => {
    const { opened, open } = gate();
    let first = true;
    const old = { ...world.add("new"), seq: 1 };
    server.use(
      http.get("/api/runs/new", async () => {
        if (!first) return undefined;
        first = false;
        await opened;
        return HttpResponse.json(old);
      }),
    );
    world.happen("new", state("running"), state("completed"));
    open();
    await expect.poll(() => shown("new")?.state).toBe("completed");
  });
});

describe("a lost connection", () => {
  test("comes back where it was, and what was missed is there once", async () => {
    world.record(id, state("running"), log("one"), points(1));
    await follow();
    world.happen(id, log("two"), points(2));
    await expect.poll(messages).toEqual(["one", "two"]);
    world.hangUp();
    await expect.poll(() => page().socket).toBe("closed");
    world.record(id, log("three"), points(3), state("completed"));
    await expect.poll(() => shown()?.state).toBe("completed");
    await expect.poll(messages).toEqual(["one", "two", "three"]);
    await expect.poll(curve).toEqual([1, 2, 3]);
    expect(world.connections.at(-1)).toBe("/ws/training?cursor=5");
    world.happen(id, points(4));
    await expect.poll(curve).toEqual([1, 2, 3, 4]);
  });

  test("so it is where the list of runs is there before what was missed", async () => {
    world.record(id, state("running"), log("one"), points(1));
    await follow();
    world.happen(id, log("two"), points(2));
    await expect.poll(messages).toEqual(["one", "two"]);
    const { opened, open } = gate();
    world.recalled = opened;
    world.hangUp();
    await expect.poll(() => page().socket).toBe("closed");
    world.record(id, log("three"), points(3), state("paused"));
    await expect.poll(() => shown()?.state).toBe("paused");
    open();
    world.happen(id, log("four"), points(4));
    await expect.poll(messages).toEqual(["one", "two", "three", "four"]);
    await expect.poll(curve).toEqual([1, 2, 3, 4]);
  });

  test("also where no event arrived before it", async () => {
    world.record(id, state("running"), log("one"), points(1));
    await follow();
    world.hangUp();
    await expect.poll(() => page().socket).toBe("closed");
    world.record(id, log("two"), points(2), state("completed"));
    await expect.poll(() => shown()?.state).toBe("completed");
    await expect.poll(messages).toEqual(["one", "two"]);
    await expect.poll(curve).toEqual([1, 2]);
  });
});

describe("starting", () => {
  test("pressed ten times at once makes one run, with the seed that is set", async () => {
    runs.setSeed(7);
    await Promise.all(Array.from({ length: 10 }, () => runs.startRun()));
    expect([...world.runs.values()].map(({ seed }) => seed)).toEqual([7]);
    expect(page().activeRunId).toBe("run0");
    expect(useUi.getState()).toMatchObject({ drawerOpen: true, drawerTab: "training" });
  });

  test("repeating the same graph and seed is reported as running, and starts only when confirmed", async () => {
    runs.setSeed(7);
    await runs.startRun();
    await runs.startRun();
    expect(world.runs.size).toBe(1);
    expect(toasts()).toContain("This graph with seed 7 is queued already.");
    await runs.startRun(true);
    expect(world.runs.size).toBe(2);
    runs.setSeed(8);
    await runs.startRun();
    expect(world.runs.size).toBe(3);
  });

  test("what has ended can be started again", async () => {
    runs.setSeed(9);
    world.record(id, state("completed"), points(1));
    await follow();
    await runs.startRun();
    world.happen(page().activeRunId ?? "", state("completed"));
    await expect.poll(() => shown(page().activeRunId ?? "")?.state).toBe("completed");
    await runs.startRun();
    expect(world.runs.size).toBe(3);
  });

  test("of a graph that is not valid shows its problems", async () => {
    const report = {
      valid: false,
      diagnostics: [],
      nodes: {},
      totals: { parameters: 0, flops: 0, memory: null },
    };
    const error = { code: "invalid_graph", message: "The graph has 1 problem.", hint: "", report };
    server.use(http.post("/api/runs", () => HttpResponse.json({ error }, { status: 422 })));
    await runs.startRun();
    expect(useGraph.getState().report).toEqual(report);
    expect(useUi.getState().drawerTab).toBe("problems");
    expect(toasts()).toContain("The graph has 1 problem.");
    expect(page().starting).toBe(false);
  });

  test("a rerun, and more epochs, make a run of this one and show it", async () => {
    const run = world.add(id, { seed: 5 });
    await runs.repeatRun(run);
    expect(shown("run1")).toMatchObject({ seed: 5, parent: id, relation: "rerun" });
    await runs.trainMore(run, 7);
    expect(shown("run2")).toMatchObject({ name: "7 more", relation: "extended" });
    expect(page().activeRunId).toBe("run2");
  });

  test("the open graph starts with the weights of a run", async () => {
    const run = world.add(id);
    let body: unknown;
    server.use(
      http.post("/api/runs", async ({ request }) => {
        body = await request.json();
        return HttpResponse.json(world.add("run9"), { status: 201 });
      }),
    );
    await runs.runWithWeights(run);
    expect(body).toMatchObject({ weights_from: id, graph: useGraph.getState().graph });
  });
});

describe("commands", () => {
  const known = (...list: Run[]): void =>
    runs.useRuns.setState({ runs: Object.fromEntries(list.map((run) => [run.id, run])) });

  test.each([
    ["pause", runs.pauseRun],
    ["stop", runs.stopRun],
    ["resume", runs.resumeRun],
  ])("%s goes to the run that trains, whichever is shown", async (command, act) => {
    known(world.add("done", { state: "completed" }), world.add(id, { state: "running" }));
    runs.useRuns.setState({ activeRunId: "done" });
    await act();
    expect(world.requests).toEqual([`POST /api/runs/${id}/${command}`]);
  });

  test("resume continues the interrupted run that is shown", async () => {
    known(world.add("live"), world.add(id, { state: "interrupted" }));
    runs.useRuns.setState({ activeRunId: id });
    await runs.resumeRun();
    expect(world.requests).toEqual([`POST /api/runs/${id}/resume`]);
  });

  test("without a run nothing is sent", async () => {
    await runs.pauseRun();
    expect(world.requests).toEqual([]);
  });

  test("a run that is deleted is gone from the page and from the comparison", async () => {
    known(world.add(id, { state: "completed" }));
    runs.useRuns.setState({ activeRunId: id });
    selectRuns([id, "other"]);
    await removeRuns([id]);
    expect(page()).toMatchObject({ runs: {}, activeRunId: null, log: [] });
    expect(useUi.getState().selectedRunIds).toEqual(["other"]);
  });

  test("a run that the server keeps stays, with the reason", async () => {
    known(world.add(id, { state: "running" }), world.add("done", { state: "completed" }));
    await removeRuns([id, "done"]);
    expect(Object.keys(page().runs)).toEqual([id]);
    expect(toasts()).toContain(`'${id}' is running.`);
  });
});

test("a list of runs gives their ids in order and how many there are", async () => {
  world.add("a");
  world.add("b");
  expect(await findRuns({}, NEWEST, { limit: 10 })).toEqual({
    ids: ["b", "a"],
    total: 2,
    metrics: [],
  });
});
