import type { Page } from "@playwright/test";
import {
  button,
  card,
  expect,
  expectNoViolationsInBoth,
  expectState,
  openSample,
  runButton,
  setParam,
  test,
} from "./page";

const dialog = (page: Page) => page.getByRole("dialog", { name: "New study" });
const preview = (page: Page) => dialog(page).getByRole("region", { name: "Preview" });
const figures = (page: Page) => preview(page).getByRole("status");
const row = (page: Page, label: string) =>
  preview(page)
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: label, exact: true }) });

/** Other tests count the studies that there are. */
test.afterEach(async ({ page }) => {
  for (const { id } of await (await page.request.get("/api/studies")).json())
    await page.request.delete(`/api/studies/${id}`, { params: { runs: true } });
});

async function openStudy(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill("New study");
  await page.keyboard.press("Enter");
  await expect(dialog(page)).toBeVisible();
}

async function choose(page: Page, label: string, option: RegExp): Promise<void> {
  await dialog(page).getByLabel(label, { exact: true }).click();
  await page.getByRole("option", { name: option }).first().click();
}

test("a study of what is selected is defined, mended and started", async ({ page }) => {
  await openSample(page, (graph) => {
    setParam(graph, "TrainingLoop", "epochs", 30);
    // a split of its own: no other test has runs that could be reused
    setParam(graph, "DataSplitter", "seed", 41);
  });
  await page.keyboard.press("Shift+1");
  const title = { position: { x: 60, y: 10 } };
  await card(page, "relu1").click(title);
  await card(page, "relu2").click({ ...title, modifiers: ["Shift"] });
  await card(page, "relu2").click({ ...title, button: "right" });
  await page.getByRole("menuitem", { name: "Ablate these…" }).click();

  await expect(figures(page)).toContainText("3 variants");
  await expect(figures(page)).toContainText("15 runs");
  await expect(row(page, "w/o relu1")).toContainText("switched off");
  await expect(dialog(page).getByLabel("Metric", { exact: true })).toContainText("Test R²");

  // the last layer cannot be switched off
  await choose(page, "Add a part", /^fc3/);
  await expect(row(page, "w/o fc3")).toContainText("but the target has 1 column");
  await expect(button(dialog(page), "Start 15 runs")).toBeDisabled();
  await expect(dialog(page).getByText("One variant cannot be trained.")).toBeVisible();
  await expectNoViolationsInBoth(page, "a study with a variant that cannot be trained");
  await preview(page).getByRole("switch", { name: "Leave it out" }).click();
  await expect(button(dialog(page), "Start 15 runs")).toBeEnabled();

  await dialog(page).getByLabel("Seeds", { exact: true }).fill("0, 1");
  await dialog(page).getByLabel("Margin").fill("0.01");
  await dialog(page).getByLabel("Name", { exact: true }).fill("What the ReLUs do");
  await page.keyboard.press("Tab");

  // closed and opened again, it is as it was
  await page.keyboard.press("Escape");
  await expect(dialog(page)).toBeHidden();
  await openStudy(page);
  await expect(dialog(page).getByLabel("Margin")).toHaveValue("0.01");
  await button(dialog(page), "Start 6 runs").click();

  await expect(dialog(page)).toBeHidden();
  const drawer = page.getByTestId("drawer");
  await expect(drawer.getByText("What the ReLUs do").first()).toBeVisible();
  await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 120_000 });
  const [study] = await (await page.request.get("/api/studies")).json();
  expect(study.plan).toMatchObject({
    seeds: [0, 1],
    margin: 0.01,
    metric: "test_r2",
    skip_invalid: true,
    strategy: { kind: "leave_one_out", nodes: ["relu1", "relu2", "fc3"] },
  });
});

test("values of parameters are listed for a grid, and what will not do is said at its field", async ({
  page,
}) => {
  await openSample(page);
  await button(page.getByRole("banner"), "More ways to run").click();
  await page.getByRole("menuitem", { name: "Run study…" }).click();
  await expect(figures(page)).toContainText("6 variants");
  await dialog(page).getByRole("switch", { name: "Reuse earlier runs" }).click();
  await choose(page, "Strategy", /^Grid/);
  await choose(page, "Node of parameter 1", /^fc1/);
  await choose(page, "Parameter 1", /^out features/);
  const values = dialog(page).getByLabel("Values of parameter 1");
  await values.fill("16, many");
  await values.press("Enter");
  await expect(
    dialog(page)
      .getByText(/many” is neither/)
      .first(),
  ).toBeVisible();
  await expectNoViolationsInBoth(page, "a study that will not do");
  await values.fill("16, 2*16");
  await values.press("Enter");
  await expect(row(page, "fc1 out_features = 32")).toContainText("Begins anew: fc1, fc2");
  await expect(figures(page)).toContainText("3 variants");

  await choose(page, "Strategy", /^Guided search/);
  await choose(page, "How parameter 1 is drawn", /^Between/);
  await dialog(page).getByLabel("Lowest value of parameter 1").fill("8");
  await dialog(page).getByLabel("Highest value of parameter 1").fill("64");
  await dialog(page).getByLabel("Trials").fill("4");
  await page.keyboard.press("Tab");
  await expect(figures(page)).toContainText("25 runs");
  await expect(button(dialog(page), "Start 25 runs")).toBeEnabled();
});

test("what a study finds stands at the nodes on the canvas", async ({ page }) => {
  await openSample(page, (graph) => setParam(graph, "TrainingLoop", "epochs", 4));
  await page.keyboard.press("Shift+1");
  const title = { position: { x: 60, y: 10 } };
  await card(page, "relu1").click(title);
  await card(page, "fc2").click({ ...title, modifiers: ["Shift"] });
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill("Ablate these");
  await page.keyboard.press("Enter");
  await dialog(page).getByLabel("Seeds", { exact: true }).fill("0-2");
  await page.keyboard.press("Tab");
  await button(dialog(page), "Start 9 runs").click();

  const legend = page.getByRole("region", { name: "Findings on the canvas" });
  await expect(legend).toContainText("higher is better");
  const finding = (label: string) => page.getByRole("note", { name: new RegExp(`^${label}:`) });
  for (const label of ["w/o relu1", "w/o fc2"])
    await expect(finding(label)).toHaveAccessibleName(/Δ [−+][\d.]+ \[.+\]/, { timeout: 120_000 });
  await expect(page.getByRole("note")).toHaveCount(2);
  await expectNoViolationsInBoth(page, "findings on the canvas", ".react-flow");

  const before = await finding("w/o relu1").boundingBox();
  await card(page, "relu1").click(title);
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(async () => (await finding("w/o relu1").boundingBox())?.y).not.toBe(before?.y);

  await button(legend, "Take the findings off the canvas").click();
  await expect(page.getByRole("note")).toHaveCount(0);
});

async function switchOff(page: Page, id: string): Promise<void> {
  await page.keyboard.press("Shift+1");
  await card(page, id).click({ position: { x: 60, y: 10 } });
  await page.keyboard.press("Control+b");
}

test("versions of a graph are compared in a study", async ({ page }) => {
  await openSample(page, (graph) => setParam(graph, "TrainingLoop", "epochs", 3));
  await page.keyboard.press("Control+s");
  await switchOff(page, "relu2");
  await openStudy(page);
  await choose(page, "Strategy", /^Chosen networks/);
  await expect(
    dialog(page)
      .getByText(/^Choose at least one network/)
      .first(),
  ).toBeVisible();
  await choose(page, "Add a network", /^Version 1/);
  const name = dialog(page).getByLabel("Name of Version 1 in the table");
  await name.fill("As it was");
  await name.press("Enter");
  await expect(row(page, "As it was")).toBeVisible();
  await expect(button(dialog(page), "Start 10 runs")).toBeEnabled();
  await expectNoViolationsInBoth(page, "a study of chosen networks");
});

test("a comparison of single runs becomes a study with five seeds", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Chance";
    setParam(graph, "TrainingLoop", "epochs", 3);
  });
  await runButton(page).click();
  await expectState(page, "Completed");
  await switchOff(page, "relu2");
  await runButton(page).click();
  await expectState(page, "Completed");
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("Chance");
  const boxes = page.getByRole("checkbox", { name: /^Choose Chance/ });
  await expect(boxes).toHaveCount(2);
  for (const box of await boxes.all()) await box.check();
  await button(page, "Compare").click();
  await button(page, "Run 5 seeds…").click();

  await expect(dialog(page).getByText("baseline", { exact: true })).toBeVisible();
  await expect(row(page, "Chance · without relu2")).toBeVisible();
  await button(dialog(page), "Start 10 runs").click();
  const drawer = page.getByTestId("drawer");
  await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 120_000 });
  const [study] = await (await page.request.get("/api/studies")).json();
  expect(study.plan.strategy.graphs).toHaveLength(1);
  expect(study.counts).toMatchObject({ planned: 10, completed: 10 });
});
