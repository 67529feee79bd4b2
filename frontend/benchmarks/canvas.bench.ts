/** Frames per second and main-thread time of the canvas with many nodes, of a live chart, and the size of the script. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { CDPSession, Page } from "@playwright/test";
import { test } from "../e2e/support/page";

const SIZES = [200, 1000, 2000];
const SECONDS = 3;
const ROUNDS = 3;
const POINTS = 20_000;
const CURVES = 5;
const root = path.resolve(import.meta.dirname, "../..");

interface Figures {
  fps: number;
  /** Milliseconds of the main thread for a move of the pointer. */
  cpu: number;
}

const figures: Record<string, number> = {};
const rows: string[][] = [];

/** A model of this many nodes in all, in a square of chains. */
function graphOf(size: number): object {
  const side = Math.ceil(Math.sqrt(size));
  const nodes = Array.from({ length: size }, (_, index) => ({
    id: `n${index}`,
    type: index % 2 === 0 ? "Linear" : "ReLU",
    position: { x: (index % side) * 280, y: Math.floor(index / side) * 180 },
    params: {},
  }));
  const edges = nodes.slice(1).map((node, index) => ({
    source: `n${index}`,
    source_output: "output",
    target: node.id,
    target_input: "input",
  }));
  return { format: 1, name: `${size} nodes`, nodes, edges };
}

async function open(page: Page, size: number): Promise<void> {
  const answer = await page.request.post("/api/graphs", { data: graphOf(size) });
  if (!answer.ok()) throw new Error(await answer.text());
  await page.goto("/");
  await page.locator(".react-flow__node-card").first().waitFor();
  await settled(page);
}

/** Waits until the page has nothing to do: ten frames in a row come in time. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        let quick = 0;
        let last = performance.now();
        const tick = (now: number): void => {
          quick = now - last < 25 ? quick + 1 : 0;
          last = now;
          if (quick > 10) done();
          else requestAnimationFrame(tick);
        };
        requestAnimationFrame(tick);
      }),
  );
}

async function taskTime(cdp: CDPSession, name = "TaskDuration"): Promise<number> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return 1000 * (metrics.find((metric) => metric.name === name)?.value ?? 0);
}

/** Moves the pointer round and round for a while, as fast as the page takes it. */
async function whileMoving(page: Page, cdp: CDPSession, from: { x: number; y: number }): Promise<Figures> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.evaluate(() => {
    const counter = window as unknown as { frames: number; counting: boolean };
    counter.frames = 0;
    counter.counting = true;
    const tick = (): void => {
      counter.frames++;
      if (counter.counting) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const [cpu, start] = [await taskTime(cdp), performance.now()];
  let moves = 0;
  while (performance.now() - start < 1000 * SECONDS) {
    moves++;
    await page.mouse.move(from.x + 120 * Math.sin(moves / 20), from.y + 90 * Math.cos(moves / 20) - 90);
  }
  const seconds = (performance.now() - start) / 1000;
  const used = (await taskTime(cdp)) - cpu;
  const frames = await page.evaluate(() => {
    const counter = window as unknown as { frames: number; counting: boolean };
    counter.counting = false;
    return counter.frames;
  });
  await page.mouse.up();
  return { fps: frames / seconds, cpu: used / moves };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** A place of the canvas with nothing on it. */
async function emptyPlace(page: Page): Promise<{ x: number; y: number }> {
  return await page.evaluate(() => {
    const pane = document.querySelector(".react-flow")?.getBoundingClientRect() ?? new DOMRect();
    for (let y = pane.top + 150; y < pane.bottom - 60; y += 7)
      for (let x = pane.left + 180; x < pane.right - 180; x += 7) {
        const at = document.elementFromPoint(x, y);
        if (at?.classList.contains("react-flow__pane")) return { x, y };
      }
    throw new Error("the canvas is full");
  });
}

async function card(page: Page): Promise<{ x: number; y: number }> {
  return await page.evaluate(() => {
    const pane = document.querySelector(".react-flow")?.getBoundingClientRect() ?? new DOMRect();
    for (const header of document.querySelectorAll(".react-flow__node-card .card-header")) {
      const box = header.getBoundingClientRect();
      const place = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      const inside = place.x > pane.left + 130 && place.x < pane.right - 130;
      if (!inside || place.y < pane.top + 100 || place.y > pane.bottom - 60) continue;
      // A group's frame or a wire may lie over it.
      if (header.contains(document.elementFromPoint(place.x, place.y))) return place;
    }
    throw new Error("no card is seen");
  });
}

test("canvas", async ({ browser }) => {
  for (const size of SIZES) {
    const page = await browser.newPage(); // the last one would open its own document
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    await open(page, size);
    const found: Record<string, Figures[]> = { overview: [], pan: [], drag: [] };
    for (let round = 0; round < ROUNDS; round++) {
      await page.keyboard.press("f");
      await settled(page);
      found.overview?.push(await whileMoving(page, cdp, await emptyPlace(page)));
      await page.getByTitle("Zoom to 100 %").click();
      await settled(page);
      found.pan?.push(await whileMoving(page, cdp, await emptyPlace(page)));
      found.drag?.push(await whileMoving(page, cdp, await card(page)));
    }
    for (const [what, rounds] of Object.entries(found)) {
      const fps = median(rounds.map((one) => one.fps));
      const cpu = median(rounds.map((one) => one.cpu));
      figures[`fps_${what}_${size}`] = fps;
      figures[`cpu_ms_${what}_${size}`] = cpu;
      rows.push([`${size} nodes, ${what}`, `${fps.toFixed(0)} frames/s`, `${cpu.toFixed(1)} ms a move`]);
    }
    await page.close();
  }
});

/** A run that trains, with curves as long as asked for; its live points are for the caller to send. */
async function showLongRun(page: Page, points: number): Promise<(from: number) => void> {
  const keys = Array.from({ length: CURVES }, (_, index) => `train_loss${index || ""}`);
  const series = (from: number, count: number): Record<string, unknown> =>
    Object.fromEntries(
      keys.map((key, index) => [
        key,
        Array.from({ length: count }, (_, i) => [from + i, 1, 1 / (1 + (from + i) / 1000) + index / 10]),
      ]),
    );
  const [known] = (await (await page.request.get("/api/runs")).json()) as { id: string }[];
  if (!known) throw new Error("no run was made");
  const run = { ...known, state: "running", seq: 1 };
  await page.route("**/api/runs?*", (route) =>
    route.fulfill({ json: [run], headers: { "X-Total-Count": "1" } }),
  );
  await page.route(`**/api/runs/${known.id}`, (route) => route.fulfill({ json: run }));
  await page.route(`**/api/runs/${known.id}/events*`, (route) => route.fulfill({ json: [] }));
  await page.route(`**/api/runs/${known.id}/metrics*`, (route) =>
    route.fulfill({ json: { series: series(1, points), truncated: false } }),
  );
  let seq = 1;
  let send = (_text: string): void => undefined;
  await page.routeWebSocket(/\/ws\/training/, (socket) => {
    send = (text) => socket.send(text);
  });
  await page.goto("/");
  // Panels load after the canvas; before that, keys have no effect.
  await page.locator(".react-flow__node-card").first().waitFor();
  await page.getByRole("tab", { name: "Training" }).click();
  await page.locator(".uplot").first().waitFor();
  return (from) => {
    seq++;
    const event = { type: "metrics", run: known.id, seq, time: 0, cursor: seq, summary: {} };
    send(JSON.stringify({ ...event, series: series(from, 10) }));
  };
}

test("chart", async ({ page }) => {
  const graphs = (await (await page.request.get("/api/graphs")).json()) as { id: string; name: string }[];
  const sample = graphs.find((graph) => graph.name === "Sample regression");
  const made = await page.request.post("/api/runs", { data: { graph_id: sample?.id } });
  await page.request.get(`/api/runs/${((await made.json()) as { id: string }).id}?wait=60`);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  for (const points of [POINTS / 10, POINTS / 2, POINTS]) {
    await page.unrouteAll();
    const more = await showLongRun(page, points);
    await settled(page);
    const before = await taskTime(cdp, "ScriptDuration");
    const updates = 30;
    for (let update = 0; update < updates; update++) {
      more(points + 10 * update + 1);
      await page.waitForTimeout(100);
    }
    const script = ((await taskTime(cdp, "ScriptDuration")) - before) / updates;
    figures[`chart_ms_${CURVES}x${points}`] = script;
    rows.push([
      `chart, ${CURVES} curves of ${points} points`,
      "10 updates/s",
      `${script.toFixed(1)} ms of script`,
    ]);
  }
});

test("script", async ({ page }) => {
  await page.addInitScript(() => {
    new MutationObserver((_changes, observer) => {
      if (!document.querySelector(".react-flow__node-card")) return;
      observer.disconnect();
      performance.mark("card");
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto("/");
  await page.locator(".react-flow__node-card").first().waitFor();
  const early = await page.evaluate(() => {
    const shown = performance.getEntriesByName("card")[0]?.startTime ?? 0;
    const asked = performance.getEntriesByType("resource").filter(({ startTime }) => startTime < shown);
    return asked.map(({ name }) => new URL(name).pathname);
  });
  let bytes = 0;
  const folder = path.join(root, "frontend/dist/assets");
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".js") || !early.includes(`/assets/${file}`)) continue;
    bytes += gzipSync(readFileSync(path.join(folder, file))).length;
  }
  figures.script_kb_gz = bytes / 1000;
  rows.push(["script before the canvas shows", `${(bytes / 1000).toFixed(0)} kB gzipped`, ""]);
});

test.afterAll(() => {
  const lines = [["what", "speed", "cost"], ["---", "---", "---"], ...rows];
  const table = lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
  const rounded = Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(4))]);
  process.stdout.write(`${table}\n\n${JSON.stringify(Object.fromEntries(rounded))}\n`);
});
