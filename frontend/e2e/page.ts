/** What a person does on the page, by name. */
import { AxeBuilder } from "@axe-core/playwright";
import { type APIRequestContext, test as base, expect, type Locator, type Page } from "@playwright/test";

interface Graph {
  name: string;
  nodes: { id: string; type: string; name?: string; disabled: boolean; params: Record<string, unknown> }[];
  edges: unknown[];
  [key: string]: unknown;
}

/** A test fails when the page logs an error or throws one. */
export const test = base.extend<{ quiet: undefined }>({
  quiet: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => {
        // Chromium logs every refused request and socket; whether it may be refused is for the test to say.
        const refused = /^(Failed to load resource|WebSocket connection to)/.test(message.text());
        if (message.type() === "error" && !refused) errors.push(message.text());
      });
      await use(undefined);
      await stopRuns(page.request);
      expect(errors, "errors on the page").toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** Whatever a test left training would keep the next one waiting. */
async function stopRuns(request: APIRequestContext): Promise<void> {
  for (const run of (await (await request.get("/api/runs")).json()) as { id: string; state: string }[]) {
    if (["queued", "running", "paused"].includes(run.state)) await request.post(`/api/runs/${run.id}/stop`);
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
 * whoever measures a place before that clicks beside it.
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

/** Stores a graph and opens it as the newest. */
export async function openGraph(
  page: Page,
  graph: { name: string; nodes: object[]; edges: unknown[] },
): Promise<void> {
  const answer = await page.request.post("/api/graphs", { data: graph });
  expect(answer.status(), await answer.text()).toBe(201);
  await page.goto("/");
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
  expect(summary(page).getByText(state, { exact: true })).toBeVisible({ timeout: 60_000 });

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
    .split("\n")
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));
  return { head, rows };
}

/** The epochs that a column of a chart's CSV has a value for. */
export function epochsWith({ head, rows }: { head: string[]; rows: string[][] }, column: string): number[] {
  const place = head.indexOf(column);
  return rows.filter((row) => row[place] !== "").map((row) => Number(row[0]));
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Opens a starter from the gallery. */
export async function openStarter(page: Page, name: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill("New from a starter");
  await page.keyboard.press("Enter");
  await page.getByRole("searchbox", { name: "Search starters" }).fill(name);
  await page.getByRole("button", { name: new RegExp(name) }).click();
  await expect(page.getByLabel("Name of the graph")).toHaveValue(name);
}

/** Asks axe about what is on the screen, or about a part of it. */
export async function expectNoViolations(page: Page, screen: string, part?: string): Promise<void> {
  await expectClean(new AxeBuilder({ page }), screen, part);
}

async function expectClean(axe: AxeBuilder, screen: string, part?: string): Promise<void> {
  // Without frames of other origins there is nothing to gather on a page of its own, which takes seconds each time.
  axe.setLegacyMode();
  const { violations } = await (part ? axe.include(part) : axe).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
  expect(found, screen).toEqual([]);
}

/** Rules whose findings the theme can change; of all others one theme tells as much as both. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** All rules in the light theme, those of colours in the dark one too, where the page is left. */
export async function expectNoViolationsInBoth(page: Page, screen: string, part?: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "light" });
  await expectNoViolations(page, `${screen}, light`, part);
  await page.emulateMedia({ colorScheme: "dark" });
  await expectClean(new AxeBuilder({ page }).withRules(COLOUR_RULES), `${screen}, dark`, part);
}
