import { expect, expectState, runButton, test, testMetric } from "./page";

// It comes before the others: only once is a data folder new.
test("the first visit shows the sample network, which trains to a good fit", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByLabel("Name of the graph")).toHaveValue("Sample regression");
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
  await runButton(page).click();
  await expectState(page, "Running");
  await expect(page).toHaveTitle(/^\d+ % · VisDL$/);
  await expectState(page, "Completed");
  await expect(page).toHaveTitle("VisDL");
  expect(await testMetric(page, "test_r2")).toBeGreaterThanOrEqual(0.97);
  await expect(page.getByRole("figure", { name: "Predicted against true target" })).toBeVisible();
  await expect(page.getByRole("link", { name: /weights\.safetensors/ })).toBeVisible();
});
