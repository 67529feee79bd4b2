import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  card,
  chartRows,
  epochOf,
  epochsWith,
  expect,
  expectState,
  openSample,
  runButton,
  setParam,
  test,
  upTo,
} from "./page";

const WEB_PORT = 15174;
const API_PORT = 18001;
const root = path.resolve(import.meta.dirname, "../..");

/** A server and a page of their own: this server is killed. */
test.use({ baseURL: `http://localhost:${WEB_PORT}` });

const started: ChildProcess[] = [];
let data = "";

function start(command: string, args: string[], cwd: string): ChildProcess {
  const env = {
    ...process.env,
    VISDL_DATA_DIR: data,
    VISDL_PORT: String(API_PORT),
    VISDL_WEB_PORT: String(WEB_PORT),
  };
  const child = spawn(command, args, { cwd, env, stdio: "ignore" });
  started.push(child);
  return child;
}

const startServer = (): ChildProcess => start(".venv/bin/python", ["backend/run.py"], root);

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

test.beforeAll(() => {
  data = mkdtempSync(path.join(tmpdir(), "visdl-recovery-"));
});

test.afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

test("a killed server is said, the page comes back by itself, the curve has no hole, Resume goes on", async ({
  page,
}) => {
  const health = `http://127.0.0.1:${API_PORT}/api/health`;
  const server = startServer();
  start("node", ["node_modules/vite/bin/vite.js", "preview"], path.join(root, "frontend"));
  for (const url of [health, `http://localhost:${WEB_PORT}`])
    await expect.poll(() => answers(url), { timeout: 60_000 }).toBe(true);

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
  // Editing goes on meanwhile.
  await card(page, "relu1").hover();
  await card(page, "relu1")
    .getByRole("button", { name: /^Disable/ })
    .click();
  await expect(page.getByText("The VisDL server does not answer. You can go on editing")).toBeVisible();
  await expect(status.getByText("Kept in this browser")).toBeVisible();
  startServer();
  await expect.poll(() => answers(health), { timeout: 60_000 }).toBe(true);
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
  const epochs = epochsWith(await chartRows(page, "Loss"), "Validation");
  expect(epochs).toEqual(upTo(done));
});
