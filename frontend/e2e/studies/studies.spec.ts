/** What studies show and what is done with them; and what axe finds on these screens, which need trained studies. */
import type { Page } from "@playwright/test";
import { CANVAS, DIALOG, DRAWER, expectAccessible, MENU } from "../support/axe";
import { beginStudy, button, expect, openSample, test } from "../support/page";

const table = (page: Page) => page.getByRole("region", { name: "Variants" });
const row = (page: Page, label: string) =>
  table(page)
    .getByRole("row")
    .filter({ has: page.getByRole("button", { name: label, exact: true }) });
const labels = (page: Page): Promise<string[]> => table(page).getByRole("rowheader").allInnerTexts();

async function runsOf(page: Page, study: string): Promise<number> {
  return ((await (await page.request.get("/api/runs", { params: { study } })).json()) as unknown[]).length;
}

test("a study is followed, read, exported, extended and deleted", async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("Control+3");
  await expect(page.getByText("No study yet")).toBeVisible();
  await expectAccessible(page, "no study", DRAWER);
  const id = await beginStudy(page, "What the activations do", 50, [0, 1, 2]);
  await button(page, "What the activations do").click();

  // live: values come, conclusions wait
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  await expect(
    row(page, "w/o relu1").getByTitle("Appears when every planned run has ended.").first(),
  ).toHaveText("–");
  await expect(page.getByText("Completed", { exact: true })).toBeVisible({ timeout: 300_000 });
  await expect(page.getByRole("status").filter({ hasText: "9 of 9 runs" })).toBeVisible();
  await expectAccessible(page, "a study with its table", DRAWER);

  // The table matches the server's results, the baseline on top.
  const results = await (await page.request.get(`/api/studies/${id}/results`)).json();
  const relu1 = results.variants.find((one: { label: string }) => one.label === "w/o relu1");
  const value = `${relu1.mean.toFixed(relu1.decimals)} ± ${relu1.sd.toFixed(relu1.decimals)}`;
  await expect(row(page, "w/o relu1")).toContainText(value);
  await expect(row(page, "w/o relu1").getByTitle(relu1.sentence)).toBeVisible();
  const bySize = [...results.variants].sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
  expect(await labels(page)).toEqual(["Baseline", ...bySize.map((one) => one.label)]);
  await page.getByRole("columnheader", { name: /Δ/ }).getByRole("button").click();
  expect(await labels(page)).toEqual(["Baseline", ...bySize.map((one) => one.label).reverse()]);

  // a label of one's own, and a column more
  await button(row(page, "w/o relu1"), "w/o relu1").press("F2");
  await page.getByRole("textbox", { name: "Label of w/o relu1" }).fill("first layer linear");
  await page.keyboard.press("Enter");
  await expect(row(page, "first layer linear")).toBeVisible();
  await button(page, "Columns").click();
  await page.getByRole("menuitemcheckbox", { name: "Validation loss" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Effect size" }).click();
  await expectAccessible(page, "columns of a study", MENU);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("columnheader", { name: "Validation loss" })).toBeVisible();

  // plots
  await page.getByRole("tab", { name: "Differences" }).click();
  await expect(page.getByRole("img", { name: /^Differences with their intervals/ })).toBeVisible();
  await expect(page.getByRole("img", { name: /^Differences/ })).toContainText("first layer linear");
  await expectAccessible(page, "differences of a study", DRAWER);
  await button(page, "Show Differences as a table").click();
  await expect(page.getByRole("region", { name: "Differences, figures" })).toContainText(
    "first layer linear",
  );
  await page.getByRole("tab", { name: "Seeds" }).click();
  await expect(page.getByRole("img", { name: /^Values per seed/ })).toBeVisible();
  await expectAccessible(page, "points per seed", DRAWER);
  await page.getByRole("tab", { name: "Curves" }).click();
  await expect(page.getByRole("img", { name: /^Learning curves/ })).toBeVisible();
  await expectAccessible(page, "curves of a study", DRAWER);

  // Export.
  await button(page, "Export").click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Markdown table" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("What_the_activations_do.md");
  await button(page, "Export").click();
  await page.getByRole("menuitem", { name: "Copy as Markdown" }).click();
  await expect(page.getByText("Copied the table as Markdown.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("| first layer linear |");

  const toggle = button(page, "Show on canvas");
  await expect(toggle).toHaveAttribute("aria-pressed", "false");
  await toggle.click();
  await expect(toggle).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("note")).toHaveCount(2);
  await expectAccessible(page, "results on the canvas", CANVAS);

  // parts and runs
  await button(page, "More for first layer linear").click();
  await page.getByRole("menuitem", { name: "Select its parts on the canvas" }).click();
  await expect(page.locator('.react-flow__node[data-id="relu1"] .card-selected')).toBeVisible();
  await button(page, "More for first layer linear").click();
  await page.getByRole("menuitem", { name: "Show its runs" }).click();
  await expect(page.getByRole("region", { name: "Selected runs" }).getByText("3 selected")).toBeVisible();
  await page.keyboard.press("Control+3");

  // One more seed is marked as added after looking.
  await button(page, "Add seeds…").click();
  const dialog = page.getByRole("dialog", { name: "Add seeds" });
  await dialog.getByLabel("How many").fill("1");
  await page.keyboard.press("Tab");
  await expectAccessible(page, "add seeds", DIALOG);
  await button(dialog, "Add 1 seed").click();
  await expect(page.getByText(/Extended after looking: seed 3 was added/)).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "12 of 12 runs" })).toBeVisible({
    timeout: 300_000,
  });
  await expect(page.getByText(/Extended after looking \(seed 3\)/)).toBeVisible();

  // the list, and the end
  await button(page, "All studies").click();
  expect(await runsOf(page, id)).toBe(12);
  await expectAccessible(page, "list of studies", DRAWER);
  await button(page, "What the activations do").press("Delete");
  const doomed = page.getByRole("dialog", { name: /^Delete/ });
  await expect(doomed).toBeVisible();
  await expectAccessible(page, "delete a study", DIALOG);
  await doomed.getByRole("checkbox").check();
  await button(doomed, "Delete study and runs").click();
  await expect(page.getByText("No study yet")).toBeVisible();
  expect(await runsOf(page, id)).toBe(0);
});

test("a study is paused, resumed and stopped by its buttons", async ({ page }) => {
  await openSample(page);
  await beginStudy(page, "Long", 1_000_000, [0, 1]);
  await page.keyboard.press("Control+3");
  await button(page, "Long").click();
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  await expectAccessible(page, "a study that trains");
  await button(page, "Pause study").click();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await button(page, "Resume study").click();
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  await button(page, "Stop study").click();
  await expect(page.getByText("Stopped", { exact: true })).toBeVisible();
  await expect(button(page, "Resume study")).toBeVisible();
});

test("a grid has a heat map with effects, and a search states that it is not tested", async ({ page }) => {
  await openSample(page);
  const lr = { node: "adam", param: "lr", values: [0.001, 0.01] };
  const width = { node: "fc1", param: "out_features", values: [8, 32] };
  const ids = [
    await beginStudy(page, "Rate and width", 5, [0, 1, 2], { kind: "grid", factors: [lr, width] }),
    await beginStudy(page, "Sweep", 5, [0, 1], { kind: "random", factors: [lr, width], trials: 3 }),
  ];
  await page.keyboard.press("Control+3");
  await expect(page.getByText("Completed", { exact: true })).toHaveCount(2, { timeout: 300_000 });

  await button(page, "Rate and width").click();
  await page.getByRole("tab", { name: "Grid" }).click();
  const results = await (await page.request.get(`/api/studies/${ids[0]}/results`)).json();
  const heat = page.getByRole("region", { name: "Means of the grid, figures" });
  for (const { mean, decimals } of results.variants) await expect(heat).toContainText(mean.toFixed(decimals));
  await expect(page.getByRole("region", { name: "Effects, figures" })).toContainText(
    "adam.lr: 0.01 against 0.001 × fc1.out_features: 32 against 8",
  );
  await expectAccessible(page, "a grid", DRAWER);

  // two of them side by side, and another pair
  const [one, other] = results.variants;
  await button(page, `More for ${one.label}`).click();
  await page.getByRole("menuitem", { name: "Compare with the baseline…" }).click();
  const both = page.getByRole("region", { name: "Comparison of variants" });
  await expect(both.getByRole("region", { name: "Conclusion" })).toContainText(one.sentence);
  const figures = both.getByRole("region", { name: "Figures of both" });
  await expect(figures.getByRole("row", { name: /^Test R²/ })).toContainText(
    `${one.mean.toFixed(one.decimals)} ± ${one.sd.toFixed(one.decimals)}`.replaceAll("-", "−"),
  );
  await expect(figures.getByRole("row", { name: /^Runs with a value/ })).toHaveCount(0);
  await both.getByRole("switch", { name: "Only what differs" }).click();
  await expect(figures.getByRole("row", { name: /^Runs with a value/ })).toContainText("3");
  await expect(both.getByRole("figure", { name: "Values per seed" }).getByRole("row")).toHaveCount(4);
  const picture = both.getByRole("img", { name: "The comparison, 2 changes" });
  await expect(picture.locator('[stroke="var(--warning)"]')).toHaveCount(2);
  await expect(both.getByRole("img", { name: /^Learning curves/ })).toBeVisible();
  await expectAccessible(page, "a comparison of variants", DRAWER);
  await both.getByRole("combobox", { name: "Variant A" }).click();
  await page.getByRole("option", { name: other.label, exact: true }).click();
  await expect(both.getByText(/does not compare these two with each other/)).toBeVisible();
  await button(both, "All variants").click();

  // rows in an order of one's own
  await button(page, "Own order").click();
  const ordered = await labels(page);
  const grip = row(page, ordered[3] ?? "").getByTitle("Drag to move the row");
  await grip.dragTo(row(page, ordered[1] ?? ""), { targetPosition: { x: 60, y: 4 } });
  await expect
    .poll(() => labels(page))
    .toEqual([ordered[0], ordered[3], ordered[1], ordered[2], ...ordered.slice(4)]);

  await button(page, "All studies").click();
  await button(page, "Sweep").click();
  await expect(page.getByRole("figure", { name: "Trials" })).toContainText("described, not tested");
  await expectAccessible(page, "a search", DRAWER);
  await expect(page.getByRole("columnheader", { name: "Verdict" })).toHaveCount(0);
  await expect(page.getByRole("columnheader", { name: "adam.lr" })).toBeVisible();
});
