import type { ChildProcess } from "node:child_process";
import path from "node:path";
import {
  test as base,
  card,
  chartRows,
  epochOf,
  epochsWith,
  expect,
  expectState,
  openSample,
  runButton,
  setParam,
  upTo,
} from "../support/page";
import { end, Place, ROOT } from "../support/server";

/** A server and a page of their own: this server is killed. */
const test = base.extend<{ own: Place; started: ChildProcess[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what a fixture needs
  own: async ({}, use, { parallelIndex }) => use(new Place(parallelIndex, 1)),
  // before the page, so that it is there until the page has gone
  baseURL: ({ own, started: _ }, use) => use(own.url),
  // biome-ignore lint/correctness/noEmptyPattern: as above
  started: async ({}, use) => {
    const started: ChildProcess[] = [];
    await use(started);
    await Promise.all(started.map(end));
  },
});

test("a killed server is reported, the page reconnects automatically, the curve has no gap, Resume continues", async ({
  page,
  own,
  started,
}) => {
  const start = (command: string, args: string[], cwd = ROOT): ChildProcess => {
    const child = own.spawn(command, args, cwd);
    started.push(child);
    return child;
  };
  const startServer = (): ChildProcess => start(".venv/bin/python", ["backend/run.py"]);
  const server = startServer();
  start("node", ["node_modules/vite/bin/vite.js", "preview"], path.join(ROOT, "frontend"));
  await expect.poll(() => own.answers(), { timeout: 60_000 }).toBe(true);

  await openSample(page, (graph) => {
    graph.name = "To be interrupted";
    setParam(graph, "TrainingLoop", "epochs", 100_000);
  });
  await runButton(page).click();
  await expectState(page, "Running");
  await expect.poll(() => epochOf(page)).toBeGreaterThan(50);

  server.kill("SIGKILL");
  const status = page.getByRole("contentinfo");
  await expect(status.getByText("Connected", { exact: true })).toBeHidden();
  const before = await epochOf(page);
  // Editing continues meanwhile.
  await card(page, "relu1").hover();
  await card(page, "relu1")
    .getByRole("button", { name: /^Disable/ })
    .click();
  await expect(page.getByText("The VisDL server does not answer. You can keep editing")).toBeVisible();
  await expect(status.getByText("Kept in this browser")).toBeVisible();
  startServer();
  await expect.poll(() => own.answers(), { timeout: 60_000 }).toBe(true);
  await expect(status.getByText("Connected", { exact: true })).toBeVisible();
  await expectState(page, "Interrupted");
  await expect(page.getByText("The VisDL server does not answer.")).toBeHidden();
  await expect(status.getByText("Draft kept on the server")).toBeVisible();

  await page.getByRole("banner").getByRole("button", { name: "Resume" }).click();
  await expectState(page, "Running");
  await expect.poll(() => epochOf(page)).toBeGreaterThan(before + 50);
  await page.getByRole("banner").getByRole("button", { name: "Stop" }).click();
  await expectState(page, "Stopped");
  const done = await epochOf(page);
  await expect
    .poll(async () => epochsWith(await chartRows(page, "Loss"), "Validation").length)
    .toBeGreaterThan(0);
  const [run] = await (await page.request.get("/api/runs")).json();
  const { series } = await (await page.request.get(`/api/runs/${run.id}/metrics`)).json();
  const stored = series.val_loss.map(([, epoch]: [number, number]) => epoch);
  expect(stored, "what the server has").toEqual(upTo(done));
  const epochs = epochsWith(await chartRows(page, "Loss"), "Validation");
  expect(epochs, "what the page shows").toEqual(upTo(done));
});
