import { expect, openSample, queueRuns, test } from "../support/page";

const REASON = "The server cannot store what runs report: the disk is full. Free some space.";

test("the page shows why the machine keeps runs waiting, and no longer than it does", async ({ page }) => {
  let obstacle: string | null = null;
  await page.routeWebSocket(/\/ws\/system/, (socket) => {
    socket.connectToServer().onMessage((message) => {
      const stats = JSON.parse(String(message)) as object;
      socket.send(JSON.stringify({ ...stats, obstacle }));
    });
  });
  await page.route("**/api/queue", async (route) => {
    const answer = await route.fetch();
    const queue = (await answer.json()) as { devices: { runs: string[] }[] };
    const held = obstacle ? queue.devices.flatMap(({ runs }) => runs) : [];
    await route.fulfill({ response: answer, json: { ...queue, obstacle, held } });
  });
  await openSample(page);
  await queueRuns(page, 1_000_000, "Held a", "Waiting b");
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByRole("button", { name: "Held a", exact: true }).click();
  const summary = page.getByRole("region", { name: "Run", exact: true });
  await expect(summary.getByText("Running")).toBeVisible();
  await expect(summary.getByText(REASON)).toHaveCount(0);

  obstacle = REASON;
  const item = page.getByRole("contentinfo").getByRole("button", { name: /^Queue held: 1 training/ });
  await expect(item).toBeVisible();
  await expect(item).toHaveAttribute("title", REASON);
  await expect(summary.getByRole("status")).toContainText(`${REASON} Nothing is lost`);
  await item.click();
  const queue = page.getByRole("dialog", { name: "Queue" });
  await expect(queue.getByRole("status")).toContainText(`${REASON} Nothing is lost`);

  obstacle = null;
  await expect(page.getByText(REASON)).toHaveCount(0);
  await expect(page.getByRole("contentinfo").getByRole("button", { name: /^1 training/ })).toBeVisible();
  await page.unrouteAll({ behavior: "ignoreErrors" });
});
