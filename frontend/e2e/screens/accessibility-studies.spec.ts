/** The accessibility sweep of studies: how they are defined, what they show, and what is done with them. */
import type { Page } from "@playwright/test";
import { CANVAS, DIALOG, DRAWER, expectAccessible, MENU } from "../support/axe";
import { beginStudy, button, endStudies, expect, openSample, runCommand, test } from "../support/page";

const dialog = (page: Page) => page.getByRole("dialog", { name: "New study" });
const preview = (page: Page) => dialog(page).getByRole("region", { name: "Preview" });
const row = (page: Page, label: string) =>
  preview(page)
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: label, exact: true }) });

async function choose(page: Page, label: string, option: RegExp): Promise<void> {
  await dialog(page).getByLabel(label, { exact: true }).click();
  await page.getByRole("option", { name: option }).first().click();
}

test("the definition of a study", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.groups = [{ id: "branch", title: "The branch", nodes: ["fc2", "relu2"] }];
  });
  await page.keyboard.press("Control+s");
  await runCommand(page, "New study");
  await expect(dialog(page)).toBeVisible();
  await expect(row(page, "w/o fc3")).toContainText("but the target has 1 column");
  await expectAccessible(page, "a study with a variant that cannot be trained", DIALOG);

  await choose(page, "Strategy", /^Leave group out/);
  await choose(page, "Add a group", /^The branch/);
  await choose(page, "Replacement of all of The branch", /^One linear layer/);
  await expect(row(page, "w/o The branch")).toContainText("replaced by Linear 64 → 64");
  await expectAccessible(page, "one layer in the place of a group", DIALOG);
  await choose(page, "Replacement of all of The branch", /^Node by node/);
  await dialog(page)
    .getByRole("button", { name: /each node of The branch/ })
    .click();
  await expect(dialog(page).getByLabel("Replacement of relu2")).toBeVisible();
  await expectAccessible(page, "what takes the place of the nodes of a group", DIALOG);

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
  await expectAccessible(page, "a study that will not do", DIALOG);

  await choose(page, "Strategy", /^Configurations/);
  await choose(page, "Add a network", /^Version 1/);
  await expect(dialog(page).getByLabel("Name of Version 1 in the table")).toBeVisible();
  await expect(row(page, "Version 1")).toBeVisible();
  await expectAccessible(page, "a study of chosen networks", DIALOG);
});

test("a study that trains, its table, its plots, and what is done with it", async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("Control+3");
  await expect(page.getByText("No study yet")).toBeVisible();
  await expectAccessible(page, "no study", DRAWER);

  await beginStudy(page, "Long", 1_000_000, [0, 1]);
  await button(page, "Long").click();
  await expect(page.getByText("Running", { exact: true })).toBeVisible({ timeout: 300_000 });
  await expectAccessible(page, "a study that trains");
  await endStudies(page.request);

  await openSample(page);
  await beginStudy(page, "Activations", 5, [0, 1, 2]);
  await page.keyboard.press("Control+3");
  await button(page, "Activations").click();
  await expect(page.getByText("Completed", { exact: true })).toBeVisible({ timeout: 300_000 });
  await expectAccessible(page, "a study with its table", DRAWER);
  await button(page, "Columns").click();
  await page.getByRole("menuitemcheckbox", { name: "Effect size" }).click();
  await expectAccessible(page, "columns of a study", MENU);
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Differences" }).click();
  await expect(page.getByRole("img", { name: /^Differences with their intervals/ })).toBeVisible();
  await expectAccessible(page, "differences of a study", DRAWER);
  await page.getByRole("tab", { name: "Seeds" }).click();
  await expect(page.getByRole("img", { name: /^Values per seed/ })).toBeVisible();
  await expectAccessible(page, "points per seed", DRAWER);
  await page.getByRole("tab", { name: "Curves" }).click();
  await expect(page.getByRole("img", { name: /^Learning curves/ })).toBeVisible();
  await expectAccessible(page, "curves of a study", DRAWER);
  await button(page, "Add seeds…").click();
  await expect(page.getByRole("dialog", { name: "Add seeds" })).toBeVisible();
  await expectAccessible(page, "add seeds", DIALOG);
  await page.keyboard.press("Escape");
  await button(page, "Show on canvas").click();
  await expect(page.getByRole("note")).toHaveCount(2);
  await expectAccessible(page, "results on the canvas", CANVAS);

  await button(page, "All studies").click();
  await expectAccessible(page, "list of studies", DRAWER);
  await button(page, "Activations").press("Delete");
  await expect(page.getByRole("dialog", { name: /^Delete/ })).toBeVisible();
  await expectAccessible(page, "delete a study", DIALOG);
});

test("a grid, two of its variants beside each other, and a search", async ({ page }) => {
  await openSample(page);
  const lr = { node: "adam", param: "lr", values: [0.001, 0.01] };
  const width = { node: "fc1", param: "out_features", values: [8, 32] };
  const grid = await beginStudy(page, "Rate and width", 5, [0, 1, 2], { kind: "grid", factors: [lr, width] });
  await beginStudy(page, "Sweep", 5, [0, 1], { kind: "random", factors: [lr, width], trials: 3 });
  await page.keyboard.press("Control+3");
  await expect(page.getByText("Completed", { exact: true })).toHaveCount(2, { timeout: 300_000 });
  await button(page, "Rate and width").click();
  await page.getByRole("tab", { name: "Grid" }).click();
  await expect(page.getByRole("region", { name: "Effects, figures" })).toBeVisible();
  await expectAccessible(page, "a grid", DRAWER);

  const results = await (await page.request.get(`/api/studies/${grid}/results`)).json();
  await button(page, `More for ${results.variants[0].label}`).click();
  await page.getByRole("menuitem", { name: "Compare with the baseline…" }).click();
  const both = page.getByRole("region", { name: "Comparison of variants" });
  await both.getByRole("switch", { name: "Only what differs" }).click();
  await expect(both.getByRole("img", { name: /^Learning curves/ })).toBeVisible();
  await expectAccessible(page, "a comparison of variants", DRAWER);
  await button(both, "All variants").click();
  await button(page, "All studies").click();
  await button(page, "Sweep").click();
  await expect(page.getByRole("figure", { name: "Trials" })).toContainText("described, not tested");
  await expectAccessible(page, "a search", DRAWER);
});
