/** The accessibility sweep of how a study is defined; studies.spec.ts looks at those that train. */
import type { Page } from "@playwright/test";
import { DIALOG, expectAccessible } from "../support/axe";
import { expect, openSample, runCommand, test } from "../support/page";

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
