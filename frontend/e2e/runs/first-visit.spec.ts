import { test as base, button, epochOf, expect, expectState, runButton, testMetric } from "../support/page";
import { end, Place } from "../support/server";

/** Without SLOW=1 the training is stopped after a tenth: the fit is good long before its end. */
const STOPPED_AFTER = 150;

/** Only once is a data folder new: it has a server of its own. */
const test = base.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what a fixture needs
  baseURL: async ({}, use, { parallelIndex }) => {
    const place = new Place(parallelIndex, 1);
    const server = await place.serve();
    await use(place.url);
    await end(server);
  },
});

test("the first visit shows the sample network, which trains to a good fit", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByLabel("Name of the graph")).toHaveValue("Sample regression");
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
  await runButton(page).click();
  await expectState(page, "Running");
  await expect(page).toHaveTitle(/^\d+ % · VisDL$/);
  if (!process.env.SLOW) {
    await expect.poll(() => epochOf(page)).toBeGreaterThan(STOPPED_AFTER);
    await button(page, "Stop").click();
  }
  await expectState(page, process.env.SLOW ? "Completed" : "Stopped");
  await expect(page).toHaveTitle("VisDL");
  expect(await testMetric(page, "test_r2")).toBeGreaterThanOrEqual(0.97);
  await expect(page.getByRole("figure", { name: "Predicted against true target" })).toBeVisible();
  await expect(page.getByRole("link", { name: /weights\.safetensors/ })).toBeVisible();
});
