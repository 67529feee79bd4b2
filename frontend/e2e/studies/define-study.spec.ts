import type { Page } from "@playwright/test";
import {
  button,
  card,
  expect,
  expectState,
  openGraph,
  openSample,
  runButton,
  sampleGraph,
  setParam,
  test,
} from "../support/page";

const dialog = (page: Page) => page.getByRole("dialog", { name: "New study" });
const preview = (page: Page) => dialog(page).getByRole("region", { name: "Preview" });
const figures = (page: Page) => preview(page).getByRole("status");
const row = (page: Page, label: string) =>
  preview(page)
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: label, exact: true }) });

/** The sample network, whose second layer is in a branch beside a skip: relu1 + fix(relu2(fc2(relu1))). */
async function residual(page: Page) {
  const graph = await sampleGraph(page.request);
  const wire = (source: string, target: string, input = "input") => ({
    source,
    source_output: "output",
    target,
    target_input: input,
  });
  const place = (x: number, y: number) => ({ disabled: false, version: 1, position: { x, y } });
  const fix = { id: "fix", type: "Linear", name: "fix", params: { out_features: 64 }, ...place(580, 170) };
  const sum = { id: "sum", type: "Add", name: "sum", params: {}, ...place(810, 170) };
  const edges = graph.edges.filter((edge) => (edge as { source: string }).source !== "relu2");
  const nodes = graph.nodes.map((node) => ({
    ...node,
    ...(node.id === "fc3" && place(350, 290)),
    ...(node.id === "model" && place(580, 290)),
    params: node.type === "TrainingLoop" ? { ...node.params, epochs: 2 } : node.params,
  }));
  return {
    ...graph,
    name: "Residual",
    nodes: [...nodes, fix, sum],
    edges: [
      ...edges,
      wire("relu2", "fix"),
      wire("fix", "sum", "inputs"),
      wire("relu1", "sum", "inputs"),
      wire("sum", "fc3"),
    ],
    groups: [{ id: "branch", title: "The branch", nodes: ["fc2", "relu2", "fix"] }],
  };
}

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

test("a study of the selection is defined, fixed and started", async ({ page }) => {
  await openSample(page, (graph) => {
    setParam(graph, "TrainingLoop", "epochs", 5);
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
  await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 300_000 });
  const [study] = await (await page.request.get("/api/studies")).json();
  expect(study.plan).toMatchObject({
    seeds: [0, 1],
    margin: 0.01,
    metric: "test_r2",
    skip_invalid: true,
    strategy: { kind: "leave_one_out", nodes: ["relu1", "relu2", "fc3"] },
  });
});

test("values of parameters are listed for a grid, and what is not valid is reported at its field", async ({
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
  await values.fill("16, 2*16");
  await values.press("Enter");
  await expect(row(page, "fc1 out_features = 32")).toContainText("Reinitialised: fc1, fc2");
  await expect(figures(page)).toContainText("3 variants");

  await choose(page, "Strategy", /^Optuna search/);
  await choose(page, "How parameter 1 is drawn", /^Between/);
  await dialog(page).getByLabel("Lowest value of parameter 1").fill("8");
  await dialog(page).getByLabel("Highest value of parameter 1").fill("64");
  await dialog(page).getByLabel("Trials").fill("4");
  await page.keyboard.press("Tab");
  await expect(figures(page)).toContainText("25 runs");
  await expect(button(dialog(page), "Start 25 runs")).toBeEnabled();

  // another seed draws other trials, the same seed the same
  await choose(page, "Strategy", /^Random search/);
  const drawn = () => preview(page).getByRole("rowheader").allInnerTexts();
  await expect.poll(drawn).toHaveLength(5);
  const first = await drawn();
  const seed = dialog(page).getByLabel("Seed of the draw");
  await seed.fill("7");
  await seed.press("Enter");
  await expect.poll(drawn).not.toEqual(first);
  await page.keyboard.press("Control+z");
  await expect(seed).toHaveValue("0");
  await expect.poll(drawn).toEqual(first);
});

test("changes of a definition are undone and redone, and the canvas stays as it is", async ({ page }) => {
  await openSample(page);
  await switchOff(page, "relu2");
  await openStudy(page);
  await expect(figures(page)).toContainText("5 variants");
  await expect(dialog(page).getByLabel("Metric", { exact: true })).toContainText("Test R²");
  const undo = button(dialog(page), "Undo");
  const redo = button(dialog(page), "Redo");
  await expect(undo).toBeDisabled();
  await undo.hover();
  await expect(page.getByRole("tooltip")).toContainText("There is nothing to undo.");

  const seeds = dialog(page).getByLabel("Seeds", { exact: true });
  const margin = dialog(page).getByLabel("Margin");
  await seeds.fill("0, 1");
  await seeds.press("Enter");
  await button(dialog(page), "Remove fc2").click();
  await expect(figures(page)).toContainText("6 runs");

  // what is being typed is the browser's to undo
  await margin.click();
  await page.keyboard.type("0.5");
  await page.keyboard.press("Control+z");
  await expect(margin).not.toHaveValue("0.5");
  await margin.fill("0.7");
  await page.keyboard.press("Escape");
  await expect(margin).toHaveValue("");
  await expect(dialog(page).getByLabel("Replacement of relu1")).toBeVisible();
  await expect(button(dialog(page), "Remove fc2")).toHaveCount(0);

  await page.keyboard.press("Control+z");
  await expect(button(dialog(page), "Remove fc2")).toBeVisible();
  await expect(figures(page)).toContainText("8 runs");
  await seeds.focus();
  await page.keyboard.press("Control+z");
  await expect(seeds).toHaveValue("0-4");
  await expect(figures(page)).toContainText("20 runs");
  await expect(undo).toBeDisabled();
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+Shift+z");
  await expect(seeds).toHaveValue("0, 1");
  await redo.click();
  await expect(figures(page)).toContainText("6 runs");
  await expect(redo).toBeDisabled();

  await button(dialog(page), "Reset").click();
  await expect(seeds).toHaveValue("0-4");
  await undo.click();
  await expect(seeds).toHaveValue("0, 1");
  await expect(figures(page)).toContainText("6 runs");
  await expect(dialog(page).getByLabel("Metric", { exact: true })).toContainText("Test R²");

  // it is as it was when the dialog is opened again, and the canvas has lost nothing
  await page.keyboard.press("Escape");
  await expect(card(page, "relu2")).toHaveAccessibleName(/disabled/);
  await openStudy(page);
  await page.keyboard.press("Control+z");
  await expect(button(dialog(page), "Remove fc2")).toBeVisible();
});

test("the replacement of each node of a group is selected, and a branch can be zero", async ({ page }) => {
  await openGraph(page, await residual(page));
  await openStudy(page);
  await choose(page, "Strategy", /^Leave group out/);
  await choose(page, "Add a group", /^The branch/);
  await expect(row(page, "w/o The branch")).toContainText("switched off");
  await choose(page, "Replacement of all of The branch", /^One linear layer/);
  await expect(row(page, "w/o The branch")).toContainText("replaced by Linear 64 → 64 (4,160 parameters)");
  await choose(page, "Replacement of all of The branch", /^Node by node/);
  await dialog(page)
    .getByRole("button", { name: /each node of The branch/ })
    .click();
  await expect(dialog(page).getByText("Switched off: nothing else fits")).toBeVisible();
  await choose(page, "Replacement of fix", /^Zero/);
  await choose(page, "Replacement of relu2", /^Linear layer/);
  await expect(dialog(page).getByText("1 switched off, 1 linear layer, 1 zero")).toBeVisible();
  await expect(row(page, "w/o The branch")).toContainText("zero: its branch of the sum is cut");

  await choose(page, "Strategy", /^Leave one out/);
  await button(dialog(page), "Remove The branch").click();
  await expect(row(page, "w/o fix")).toContainText("zero: its branch of the sum is cut");
  await dialog(page).getByLabel("Seeds", { exact: true }).fill("0, 1");
  await page.keyboard.press("Tab");
  await preview(page)
    .getByRole("switch", { name: /^Leave/ })
    .click();
  await dialog(page)
    .getByRole("button", { name: /^Start \d+ runs$/ })
    .click();
  const drawer = page.getByTestId("drawer");
  await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 300_000 });
  const cut = drawer.getByRole("row").filter({ has: page.getByRole("button", { name: "w/o fix" }) });
  await expect(cut.getByRole("cell", { name: "zero: its branch of the sum is cut" })).toBeVisible();
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

  const legend = page.getByRole("region", { name: "Results on the canvas" });
  await expect(legend).toContainText("higher is better");
  const result = (label: string) => page.getByRole("note", { name: new RegExp(`^${label}:`) });
  for (const label of ["w/o relu1", "w/o fc2"])
    await expect(result(label)).toHaveAccessibleName(/Δ [−+][\d.]+ \[.+\]/, { timeout: 300_000 });
  await expect(page.getByRole("note")).toHaveCount(2);

  const before = await result("w/o relu1").boundingBox();
  await card(page, "relu1").click(title);
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(async () => (await result("w/o relu1").boundingBox())?.y).not.toBe(before?.y);

  await button(legend, "Hide results").click();
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
  await choose(page, "Strategy", /^Configurations/);
  await expect(
    dialog(page)
      .getByText(/^Select at least one network/)
      .first(),
  ).toBeVisible();
  await choose(page, "Add a network", /^Version 1/);
  const name = dialog(page).getByLabel("Name of Version 1 in the table");
  await name.fill("As it was");
  await name.press("Enter");
  await expect(row(page, "As it was")).toBeVisible();
  await expect(button(dialog(page), "Start 10 runs")).toBeEnabled();
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
  const boxes = page.getByRole("checkbox", { name: /^Select Chance/ });
  await expect(boxes).toHaveCount(2);
  for (const box of await boxes.all()) await box.check();
  await button(page, "Compare").click();
  await button(page, "Run 5 seeds…").click();

  await expect(dialog(page).getByText("baseline", { exact: true })).toBeVisible();
  await expect(row(page, "Chance · without relu2")).toBeVisible();
  await button(dialog(page), "Start 10 runs").click();
  const drawer = page.getByTestId("drawer");
  await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 300_000 });
  const [study] = await (await page.request.get("/api/studies")).json();
  expect(study.plan.strategy.graphs).toHaveLength(1);
  expect(study.counts).toMatchObject({ planned: 10, completed: 10 });
});
