import { beforeEach, describe, expect, test } from "vitest";
import * as list from "@/features/runs/store/runList";
import { put, useRuns } from "@/features/runs/store/runs";
import { selectRuns, useUi } from "@/shared/store/ui";
import { RunServer } from "../../../helpers/runServer";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

let world: RunServer;
const NEWEST = { key: "created", descending: true };
const selected = (): string[] => useUi.getState().selectedRunIds;
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `r${index}`);
const asked = (path: string): number => world.requests.filter((request) => request === path).length;

beforeEach(() => {
  world = new RunServer();
  server.use(...world.handlers);
  freshPage();
  list.clearRunFilter();
  list.sortRuns(NEWEST);
});

test("filters add up, and one is let go by leaving its value out", () => {
  list.filterRuns({ tag: "a", starred: true });
  list.filterRuns({ search: "x", starred: undefined });
  expect(list.useRunFilter.getState().filter).toEqual({ tag: "a", search: "x" });
  list.clearRunFilter();
  expect(list.useRunFilter.getState().filter).toEqual({});
});

test("a tag leads to the list of its runs", () => {
  list.filterRuns({ search: "x" });
  list.showRunsOf({ tag: "a" });
  expect(list.useRunFilter.getState().filter).toEqual({ tag: "a" });
  expect(useUi.getState()).toMatchObject({ drawerOpen: true, drawerTab: "runs" });
});

test("a loaded list does not mark lists as out of date", async () => {
  world.add("a");
  const { revision } = useRuns.getState();
  expect((await list.findRuns({}, NEWEST, { limit: 10 })).ids).toEqual(["a"]);
  expect(useRuns.getState().runs.a?.name).toBe("Net · a");
  expect(useRuns.getState().revision).toBe(revision);
});

describe("choosing", () => {
  test("a run is chosen, and left out again", () => {
    list.toggleRun("a");
    list.toggleRun("b");
    list.toggleRun("a");
    expect(selected()).toEqual(["b"]);
  });

  test("a stretch of the list is chosen besides what was, also where its runs are not on the page", async () => {
    for (const id of many(10)) world.add(id);
    selectRuns(["r9"]);
    await list.chooseStretch(5, 2);
    expect(selected()).toEqual(["r9", "r7", "r6", "r5", "r4"]);
  });

  test("all are those that fit the filter", async () => {
    for (const id of many(300)) world.add(id, { starred: id.endsWith("7") });
    list.filterRuns({ starred: true });
    await list.chooseAll();
    expect(selected()).toHaveLength(30);
  });
});

describe("many at once", () => {
  test("are described in slices, and known at once", async () => {
    const ids = many(450);
    for (const id of ids) world.add(id);
    put(...world.runs.values());
    await list.describeRuns(ids, { starred: true, add_tags: ["x"] });
    expect(asked("PATCH /api/runs")).toBe(3);
    expect(Object.values(useRuns.getState().runs).every((run) => run.starred)).toBe(true);
    expect(useRuns.getState().runs.r449?.tags).toEqual(["x"]);
  });

  test("one that is gone is named", async () => {
    await list.describeRuns(["gone"], { starred: true });
    expect(toasts()).toContain("There is no run 'gone'.");
  });

  test("are deleted in slices, with progress", async () => {
    const ids = many(450);
    for (const id of ids) world.add(id, { state: "completed" });
    put(...world.runs.values());
    selectRuns([...ids, "other"]);
    const progress: number[] = [];
    await list.removeRuns(ids, (done) => progress.push(done));
    expect(progress).toEqual([200, 400, 450]);
    expect(useRuns.getState().runs).toEqual({});
    expect(selected()).toEqual(["other"]);
  });

  test("which of them would stay is known before", async () => {
    world.add("live", { state: "running" });
    world.add("done", { state: "completed" });
    expect(await list.lastingRuns(["live", "done"])).toEqual({ live: "'live' is running." });
    expect(world.runs.size).toBe(2);
  });
});
