import {
  button,
  card,
  chartRows,
  epochOf,
  epochsWith,
  expect,
  expectState,
  openSample,
  runButton,
  setParam,
  summary,
  test,
  testMetric,
  upTo,
} from "../support/page";

test("pause holds a run, a reload shows its whole curve, resume continues, stop keeps the results", async ({
  page,
}) => {
  await openSample(page, (graph) => {
    graph.name = "To be paused";
    setParam(graph, "TrainingLoop", "epochs", 20_000);
  });
  await runButton(page).click();
  await expectState(page, "Running");
  await expect(summary(page)).toContainText(/Device(cpu|cuda:\d+) · \d+ thread/); // not only at its end
  await expect.poll(() => epochOf(page)).toBeGreaterThan(20);
  await button(page, "Pause").click();
  await expectState(page, "Paused");
  const paused = await epochOf(page);

  await page.reload();
  await expectState(page, "Paused");
  expect(await epochOf(page)).toBe(paused);
  await expect
    .poll(async () => epochsWith(await chartRows(page, "Loss"), "Validation"))
    .toEqual(upTo(paused));

  await button(page, "Resume").click();
  await expectState(page, "Running");
  await expect.poll(() => epochOf(page)).toBeGreaterThan(paused + 20);

  // Also a page that was opened in the middle has every point, old and new.
  await page.reload();
  await expectState(page, "Running");
  await button(page, "Stop").click();
  await expectState(page, "Stopped");
  const stopped = await epochOf(page);
  await expect
    .poll(async () => epochsWith(await chartRows(page, "Loss"), "Validation"))
    .toEqual(upTo(stopped));
  expect(await testMetric(page, "test_r2")).toBeGreaterThan(0);
});

test("a layer is switched off, both variants run, and the comparison shows what differs", async ({
  page,
}) => {
  await openSample(page, (graph) => {
    graph.name = "Ablated";
    setParam(graph, "TrainingLoop", "epochs", 60);
  });
  await runButton(page).click();
  await expectState(page, "Completed");
  const whole = await testMetric(page, "test_r2");

  for (const id of ["relu1", "relu2"]) {
    await card(page, id).hover();
    await card(page, id)
      .getByRole("button", { name: /^Disable/ })
      .click();
  }
  await runButton(page).click();
  await expect(summary(page).getByRole("combobox")).toHaveText("Ablated · without relu1, relu2 · seed 0");
  await expectState(page, "Completed");
  const linear = await testMetric(page, "test_r2");
  expect(whole).toBeGreaterThan(0.95);
  expect(linear).toBeLessThan(0.9);

  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("Ablated");
  await expect(page.getByRole("row", { name: /Ablated/ })).toHaveCount(2);
  for (const box of await page.getByRole("checkbox", { name: /^Select Ablated/ }).all()) await box.check();
  await button(page, "Compare").click();
  const comparison = page.getByRole("region", { name: "Comparison" });
  const differences = comparison.getByRole("region", { name: "Differences of the graphs" });
  await expect(differences.getByText("relu1 was disabled")).toBeVisible();
  await expect(differences.getByText("relu2 was disabled")).toBeVisible();
  await expect(comparison.getByRole("img", { name: "The comparison, 2 changes" })).toBeVisible();
  await expect(comparison.getByText("One seed each: this may be chance.")).toBeVisible();
  await expect(comparison.getByText(/Not comparable/)).toHaveCount(0);
  const row = comparison.getByRole("row", { name: /^Test R²/ });
  await expect(row.getByTitle(String(whole), { exact: true })).toBeVisible();
  await expect(row.getByTitle(String(linear), { exact: true })).toBeVisible();
  const loss = await chartRows(page, "Loss");
  expect(loss.head).toContain("A · Validation loss");
  expect(epochsWith(loss, "B · Validation loss")).toEqual(upTo(60));
});

test("a run can be renamed, opened as a graph, run again and deleted", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Kept";
    setParam(graph, "TrainingLoop", "epochs", 3);
  });
  await runButton(page).click();
  await expectState(page, "Completed");
  const first = await testMetric(page, "test_r2");
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("Kept");
  await button(page, "More for Kept · seed 0").click();
  await page.getByRole("menuitem", { name: "Run again" }).click();
  await expectState(page, "Completed");
  expect(await testMetric(page, "test_r2")).toBe(first);

  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("Kept");
  await button(page, "More for Kept · seed 0").first().click();
  await page.getByRole("menuitem", { name: "Name, tags and note…" }).click();
  await page.getByLabel("Name", { exact: true }).fill("The second");
  await page.keyboard.press("Enter");
  await page.getByLabel("Search runs").fill("The second");
  await expect(page.getByRole("row", { name: /The second/ })).toHaveCount(1);
  await button(page, "More for The second").click();
  await page.getByRole("menuitem", { name: "Open this graph" }).click();
  await expect(page.getByLabel("Name of the graph")).toHaveValue("The second");
  await button(page, "More for The second").click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await button(page, "Delete run").click();
  await expect(page.getByText("No run found")).toBeVisible();
});

test("a run that cannot learn fails with a sentence at its node", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Too fast";
    setParam(graph, "Adam", "lr", 1e30);
  });
  await runButton(page).click();
  await expectState(page, "Failed");
  await expect(summary(page).getByRole("alert")).toContainText(/loss/i);
  await button(summary(page), "Show the node").click();
  await expect(page.getByRole("tab", { name: "Logs" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByRole("region", { name: "Lines" })).toContainText("Failed");
});
