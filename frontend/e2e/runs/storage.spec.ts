import { button, expect, expectState, openSample, runButton, setParam, test } from "../support/page";

test("old checkpoints are removed, after the consequence is stated", async ({ page }) => {
  const name = "Storage";
  await openSample(page, (graph) => {
    graph.name = name;
    setParam(graph, "TrainingLoop", "epochs", 2);
  });
  await runButton(page).click();
  await expectState(page, "Completed");

  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill("clean-up");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Storage and clean-up" });
  await expect(dialog.getByText("Weights and reports")).toBeVisible();
  await expect(
    dialog.getByText(/The database (was last backed up|has no backup yet).* newest 3 are kept/),
  ).toBeVisible();

  await dialog.getByRole("textbox", { name: "Days since the end of the run" }).fill("0");
  await page.keyboard.press("Enter");
  await dialog.getByRole("checkbox", { name: "Old checkpoints" }).check();
  await expect(dialog.getByText(/Training .* for more epochs is then no longer possible/)).toBeVisible();
  await dialog.getByRole("button", { name: /^Free .*…$/ }).click();
  await expect(dialog.getByRole("alert")).toContainText("the checkpoints of");
  await dialog.getByRole("button", { name: /^Free/ }).click();
  await expect(page.getByText(/^Freed /)).toBeVisible();
  await expect(dialog.getByText("No checkpoints that old can be deleted.")).toBeVisible();

  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("link", { name: /weights/ })).toBeVisible();
  await expect(page.getByRole("link", { name: /checkpoint-/ })).toHaveCount(0);

  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill(name);
  await page.getByRole("button", { name: new RegExp(`^More for ${name}`) }).click();
  await page.getByRole("menuitem", { name: "Train more epochs…" }).click();
  await button(page, "Train 2 more").click();
  await expect(page.getByText(/has no checkpoint/)).toBeVisible();
});

test("a nearly full disk is reported in the status bar, which opens the clean-up", async ({ page }) => {
  await page.routeWebSocket(/\/ws\/system/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const stats = JSON.parse(String(message)) as object;
      socket.send(JSON.stringify({ ...stats, disk_free: 1.5 * 1024 ** 3, disk_total: 500 * 1024 ** 3 }));
    });
  });
  await openSample(page);
  const item = page.getByRole("contentinfo").getByRole("button", { name: "Disk nearly full: 1.5 GiB free" });
  await expect(item).toBeVisible();
  await item.click();
  await expect(page.getByRole("dialog", { name: "Storage and clean-up" })).toBeVisible();
});
