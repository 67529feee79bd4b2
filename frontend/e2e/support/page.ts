/** What a person does on the page, by name. */
import { type APIRequestContext, test as base, expect, type Locator, type Page } from "@playwright/test";
import { end, Place } from "./server";

interface Graph {
  name: string;
  nodes: { id: string; type: string; name?: string; disabled: boolean; params: Record<string, unknown> }[];
  edges: unknown[];
  [key: string]: unknown;
}

/**
 * The tests of a worker share a server, which no other worker uses. A test fails when the page logs an error or
 * throws one.
 */
export const test = base.extend<{ quiet: undefined }, { place: Place }>({
  place: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what a fixture needs
    async ({}, use, worker) => {
      const place = new Place(worker.parallelIndex, 0);
      const server = await place.serve();
      await use(place);
      await end(server);
    },
    { scope: "worker", timeout: 180_000 },
  ],
  baseURL: ({ place }, use) => use(place.url),
  quiet: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => {
        // Chromium logs every rejected request and socket; the test decides whether it may be rejected.
        const refused = /^(Failed to load resource|WebSocket connection to)/.test(message.text());
        if (message.type() === "error" && !refused) errors.push(message.text());
      });
      await use(undefined);
      await endStudies(page.request);
      await stopRuns(page.request);
      expect(errors, "errors on the page").toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** Stops all studies and deletes them with their runs: tests count the studies that there are. */
async function endStudies(request: APIRequestContext): Promise<void> {
  for (const { id } of (await (await request.get("/api/studies")).json()) as { id: string }[]) {
    await request.post(`/api/studies/${id}/stop`);
    await request.delete(`/api/studies/${id}`, { params: { runs: true } });
  }
}

/** Whatever a test left training would keep the next one waiting. */
async function stopRuns(request: APIRequestContext): Promise<void> {
  for (const run of (await (await request.get("/api/runs")).json()) as { id: string; state: string }[]) {
    if (["queued", "starting", "running", "paused"].includes(run.state))
      await request.post(`/api/runs/${run.id}/stop`);
  }
}

/** Opens a fresh copy of the sample network in this tab. */
export async function openSample(page: Page, change: (graph: Graph) => void = () => {}): Promise<void> {
  const graph = await sampleGraph(page.request);
  change(graph);
  await openGraph(page, graph);
}

/** Where the view of the canvas is. */
export const viewOf = (page: Page): Promise<string | null> =>
  page.locator(".react-flow__viewport").getAttribute("style");

/**
 * Waits until the view of the canvas has stood still for a while: it moves some frames after what asks for it, and
 * a position measured before that is off by then.
 */
export const standsStill = (page: Page): Promise<void> =>
  page.locator(".react-flow__viewport").evaluate(async (viewport) => {
    const frame = (): Promise<number> => new Promise(requestAnimationFrame);
    for (let still = 0, last = ""; still < 12; await frame()) {
      const now = (viewport as HTMLElement).style.transform;
      still = now === last ? still + 1 : 0;
      last = now;
    }
  });

/** Stores a graph and opens it by its address: as the newest it could be overtaken by a draft of the test before. */
export async function openGraph(
  page: Page,
  graph: { name: string; nodes: object[]; edges: unknown[] },
): Promise<void> {
  const answer = await page.request.post("/api/graphs", { data: graph });
  expect(answer.status(), await answer.text()).toBe(201);
  await page.goto(`/?graph=${(await answer.json()).id}`);
  await expect(page.getByLabel("Name of the graph")).toHaveValue(graph.name);
  if (graph.nodes.length === 0) return;
  await expect(page.locator(".react-flow__node").first()).toBeVisible();
  await standsStill(page);
}

export async function sampleGraph(request: APIRequestContext): Promise<Graph> {
  const graphs = (await (await request.get("/api/graphs")).json()) as { id: string; name: string }[];
  const sample = graphs.find((graph) => graph.name === "Sample regression");
  if (!sample) throw new Error("the first start brings a sample network");
  return ((await (await request.get(`/api/graphs/${sample.id}`)).json()) as { graph: Graph }).graph;
}

/** Sets a parameter of the only node of a type. */
export function setParam(graph: Graph, type: string, param: string, value: unknown): void {
  const node = graph.nodes.find((one) => one.type === type);
  if (!node) throw new Error(`no ${type} in ${graph.name}`);
  node.params[param] = value;
}

export const card = (page: Page, id: string): Locator => page.locator(`.react-flow__node[data-id="${id}"]`);
export const button = (page: Page | Locator, name: string): Locator =>
  page.getByRole("button", { name, exact: true });
export const runButton = (page: Page): Locator =>
  page.getByRole("banner").getByRole("button", { name: "Run", exact: true });
export const summary = (page: Page): Locator => page.getByRole("region", { name: "Run", exact: true });
export const epochOf = async (page: Page): Promise<number> =>
  Number((await page.getByTestId("epoch").innerText()).split("/")[0]?.replaceAll(",", "").trim());

/** Waits until the run that is shown is in a state. */
export const expectState = (page: Page, state: string): Promise<void> =>
  expect(summary(page).getByText(state, { exact: true })).toBeVisible({ timeout: 300_000 });

/** The figure of a test metric, in full. */
export async function testMetric(page: Page, key: string): Promise<number> {
  return Number(await page.getByTestId(key).getAttribute("title"));
}

/** A chart's figures as its CSV has them. */
export async function chartRows(page: Page, title: string): Promise<{ head: string[]; rows: string[][] }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    button(page, `Download ${title} as CSV`).click(),
  ]);
  const stream = await download.createReadStream();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const [head = [], ...rows] = Buffer.concat(chunks)
    .toString()
    .trim()
    .split("\r\n")
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));
  return { head, rows };
}

/** The epochs that a column of a chart's CSV has a value for. */
export function epochsWith({ head, rows }: { head: string[]; rows: string[][] }, column: string): number[] {
  const place = head.indexOf(column);
  return rows.filter((row) => row[place] !== "").map((row) => Number(row[0]));
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Runs a command from the palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill(title);
  await page.keyboard.press("Enter");
}

/** Opens a starter from the gallery. */
export async function openStarter(page: Page, name: string): Promise<void> {
  await runCommand(page, "New from starter");
  await page.getByRole("searchbox", { name: "Search starters" }).fill(name);
  await page.getByRole("button", { name: new RegExp(name) }).click();
  await expect(page.getByLabel("Name of the graph")).toHaveValue(name);
}

/** Queues runs of the sample network by these names; returns their ids. */
export async function queueRuns(page: Page, epochs: number, ...names: string[]): Promise<string[]> {
  const graph = await sampleGraph(page.request);
  setParam(graph, "TrainingLoop", "epochs", epochs);
  const ids = [];
  for (const name of names) {
    const answer = await page.request.post("/api/runs", { data: { graph, name } });
    expect(answer.status(), await answer.text()).toBe(201);
    ids.push(((await answer.json()) as { id: string }).id);
  }
  return ids;
}

export async function expectEnded(page: Page, ids: string[]): Promise<void> {
  for (const id of ids) {
    const answer = await page.request.get(`/api/runs/${id}`, { params: { wait: 120 }, timeout: 150_000 });
    expect((await answer.json()).ended, "the run has ended").not.toBeNull();
  }
}

/** Begins a study of the sample network, by default of its activations; returns its id. */
export async function beginStudy(
  page: Page,
  name: string,
  epochs: number,
  seeds: number[],
  strategy: object = { kind: "leave_one_out", nodes: ["relu1", "relu2"] },
): Promise<string> {
  const graph = await sampleGraph(page.request);
  setParam(graph, "TrainingLoop", "epochs", epochs);
  const answer = await page.request.post("/api/studies", {
    data: {
      name,
      graph,
      strategy,
      seeds,
      metric: "test_r2",
      margin: 0.01,
      reuse: false,
    },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}
