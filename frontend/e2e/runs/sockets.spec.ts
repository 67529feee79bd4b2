import type { WebSocketRoute } from "@playwright/test";
import {
  button,
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
} from "../support/page";

const DROPS = process.env.SLOW ? 200 : 8;

test("a socket that drops again and again leaves neither a gap nor a repeat in curve and log", async ({
  page,
}) => {
  const sockets: WebSocketRoute[] = [];
  await page.routeWebSocket(/\/ws\/training/, (socket) => {
    socket.connectToServer();
    sockets.push(socket);
  });
  await openSample(page, (graph) => {
    graph.name = "With a bad line";
    setParam(graph, "TrainingLoop", "epochs", 100_000);
    // Slow epochs: of more than 4,000 a page that comes back reads the extremes alone.
    setParam(graph, "DataSplitter", "batch_size", 4);
  });
  await runButton(page).click();
  await expectState(page, "Running");
  const connected = page.getByRole("contentinfo").getByText("Connected", { exact: true });
  for (let drop = 1; drop <= DROPS; drop++) {
    const before = await epochOf(page);
    await sockets.at(-1)?.close({ code: 3001, reason: "a cable was pulled" });
    await expect.poll(() => sockets.length).toBeGreaterThan(drop);
    await expect(connected).toBeVisible();
    await expect.poll(() => epochOf(page)).toBeGreaterThan(before);
  }
  await page.getByRole("banner").getByRole("button", { name: "Stop" }).click();
  await expectState(page, "Stopped");
  const epochs = epochsWith(await chartRows(page, "Loss"), "Validation");
  expect(epochs).toEqual(upTo(await epochOf(page)));

  await page.getByRole("tab", { name: /Logs/ }).click();
  await expect(page.getByRole("region", { name: "Lines" }).getByText("Stopped", { exact: true })).toHaveCount(
    1,
  );
  await expect(page.getByRole("region", { name: "Lines" }).getByText("Running", { exact: true })).toHaveCount(
    1,
  );
  await expect(button(page, "Copy")).toBeEnabled();
});
