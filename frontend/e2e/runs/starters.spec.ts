/** Each starter, opened from the gallery and run as it is. SLOW=1: all of them, else those that take seconds. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { epochOf, expect, openSample, openStarter, runButton, summary, test } from "../support/page";
import { ROOT } from "../support/server";

const FOLDER = path.join(ROOT, "backend/visdl/starters");
const QUICK = ["lenet5", "small_gpt"];

for (const file of readdirSync(FOLDER).filter((one) => one.endsWith(".json"))) {
  const { graph } = JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")) as { graph: { name: string } };
  const tag = QUICK.includes(path.parse(file).name) ? [] : ["@slow"];
  test(`the starter ${graph.name} opens with its data and learns`, { tag }, async ({ page }) => {
    await openSample(page);
    await openStarter(page, graph.name);
    await expect(page.getByText("Valid", { exact: true })).toBeVisible();
    await runButton(page).click();
    await expect.poll(() => epochOf(page), { timeout: 500_000 }).toBeGreaterThan(0);
    // One epoch is enough; the test follows all the same.
    const [run] = (await (await page.request.get("/api/runs")).json()) as { id: string }[];
    await page.request.post(`/api/runs/${run?.id}/stop`);
    await expect(summary(page).getByText(/^(Completed|Stopped)$/)).toBeVisible({ timeout: 300_000 });
    await expect(page.locator('[data-testid^="test_"]').first()).toBeVisible();
  });
}
