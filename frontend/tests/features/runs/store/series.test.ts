import { HttpResponse, http } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import {
  addLive,
  curvesOf,
  forgetCurves,
  loadCurves,
  onCurves,
  renewCurves,
} from "@/features/runs/store/series";
import type { Point } from "@/shared/api/types";
import { gate, server, startServerDouble } from "../../../helpers/server";

startServerDouble();

let run = "";
let count = 0;
let requests = 0;
let past: number[] = [];

const points = (steps: number[]): Record<string, Point[]> => ({
  loss: steps.map((step) => [step, 0, 1 / step]),
});
const curve = (): number[] => [...(curvesOf(run).get("loss")?.steps ?? [])];

beforeEach(() => {
  run = `run of the series ${++count}`;
  requests = 0;
  past = [1, 2, 3];
  server.use(
    http.get("/api/runs/:id/metrics", () => {
      requests++;
      return HttpResponse.json({ series: points(past) });
    }),
  );
});

/** The next request is answered, with the past as it is now, once the returned function is called. */
function delayNext(): () => void {
  const { opened, open } = gate();
  const series = points(past);
  const late = async () => {
    await opened;
    return HttpResponse.json({ series });
  };
  server.use(http.get("/api/runs/:id/metrics", late, { once: true }));
  return open;
}

test("a run's past is brought once, however many look at it", async () => {
  await Promise.all([loadCurves(run), loadCurves(run)]);
  await loadCurves(run);
  expect([requests, curve()]).toEqual([1, [1, 2, 3]]);
});

test("live points continue the past", async () => {
  await loadCurves(run);
  addLive(run, points([4]));
  addLive(run, { accuracy: [[4, 1, 0.5]] });
  expect(curve()).toEqual([1, 2, 3, 4]);
  expect([...curvesOf(run).keys()]).toEqual(["loss", "accuracy"]);
});

test("live points that come before their past wait for it", async () => {
  const answer = delayNext();
  const loaded = loadCurves(run);
  addLive(run, points([3, 4]));
  addLive(run, points([5]));
  answer();
  await loaded;
  expect(curve()).toEqual([1, 2, 3, 4, 5]);
});

test("a run that nobody looks at takes no room", () => {
  addLive(run, points([1]));
  expect(curvesOf(run).size).toBe(0);
});

test("an answer that is late does not bring back what was renewed", async () => {
  const answer = delayNext();
  const late = loadCurves(run);
  past = [1, 2, 3, 4];
  await renewCurves(run);
  answer();
  await late;
  expect(curve()).toEqual([1, 2, 3, 4]);
});

test("an answer that is late does not bring back what was forgotten", async () => {
  const answer = delayNext();
  const late = loadCurves(run);
  forgetCurves(run);
  answer();
  await late;
  expect(curvesOf(run).size).toBe(0);
});

test("curves that nobody looks at are not renewed", async () => {
  await renewCurves(run);
  expect(requests).toBe(0);
});

test("after a failure the next look asks again", async () => {
  server.use(http.get("/api/runs/:id/metrics", () => HttpResponse.error(), { once: true }));
  await expect(loadCurves(run)).rejects.toThrow("The VisDL server does not answer.");
  await loadCurves(run);
  expect(curve()).toEqual([1, 2, 3]);
});

test("listeners are called once per frame, however many points arrive", async () => {
  await loadCurves(run);
  const listener = vi.fn();
  const stop = onCurves(listener);
  addLive(run, points([4]));
  addLive(run, points([5]));
  await expect.poll(() => listener.mock.calls.length).toBeGreaterThan(0);
  expect(listener).toHaveBeenCalledTimes(1);
  stop();
  addLive(run, points([6]));
  await new Promise(requestAnimationFrame);
  expect(listener).toHaveBeenCalledTimes(1);
});
