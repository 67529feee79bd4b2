import type { Page } from "@playwright/test";
import { button, expect, expectEnded, openSample, queueRuns, summary, test } from "../support/page";

const row = (page: Page, name: string) => page.getByRole("row", { name: new RegExp(`Select ${name} `) });
const box = (page: Page, name: string) => page.getByRole("checkbox", { name: `Select ${name}`, exact: true });

test("runs are tagged, noted, filtered and deleted in bulk", async ({ page }) => {
  await page.setViewportSize({ width: 1024, height: 800 });
  const name = (letter: string): string => `List ${letter}`;
  const tag = "first";
  await openSample(page);
  await expectEnded(page, await queueRuns(page, 1, name("a"), name("b"), name("c"), name("d")));
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("List");
  await expect(page.getByText("4 runs", { exact: true })).toBeVisible();

  // by keyboard, from the row
  await button(page, name("a")).press("F2");
  const dialog = page.getByRole("dialog", { name: "Name, tags and note" });
  await dialog.getByLabel("Tags", { exact: true }).fill(tag);
  await page.keyboard.press("Enter");
  await dialog.getByLabel("Note").fill("The first of four");
  await button(dialog, "Save").click();
  await expect(button(row(page, name("a")), `Runs tagged ${tag}`)).toBeVisible();
  await expect(button(page, `Note of ${name("a")}`)).toBeVisible();

  // many at once: a stretch by Shift
  await box(page, name("d")).click();
  await box(page, name("c")).click({ modifiers: ["Shift"] });
  const selection = page.getByRole("region", { name: "Selected runs" });
  await expect(selection.getByText("2 selected")).toBeVisible();
  await button(selection, "Tags…").click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: `Take ${tag}` })
    .first()
    .click();
  await button(page.getByRole("dialog"), "Save").click();
  await button(selection, "Star").click();
  await expect(button(page, `Unstar ${name("c")}`)).toBeVisible();

  // a chip is a filter, and filters add up
  await button(row(page, name("c")), `Runs tagged ${tag}`).click();
  await expect(page.getByText("3 runs", { exact: true })).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Tag" })).toHaveText(tag);
  await button(page, "Only starred runs").click();
  await expect(page.getByText("2 runs", { exact: true })).toBeVisible();
  await page.getByRole("combobox", { name: "State" }).click();
  await page.getByRole("option", { name: "Completed" }).click();
  await expect(page.getByText("2 runs", { exact: true })).toBeVisible();
  await button(page, "Clear all filters").click();
  await page.getByLabel("Search runs").fill("List");
  await expect(page.getByText("4 runs", { exact: true })).toBeVisible();

  // sorted over all of them
  await page.getByRole("button", { name: "Run", exact: true }).last().click();
  await expect(page.getByRole("columnheader", { name: "Run" })).toHaveAttribute("aria-sort", "ascending");
  await expect(page.getByRole("region", { name: "List of runs" }).getByRole("row").nth(1)).toContainText(
    name("a"),
  );

  // the tags stand in the training panel too
  await button(page, name("a")).click();
  await expect(button(summary(page), `Runs tagged ${tag}`)).toBeVisible();
  await expect(summary(page).getByText("The first of four")).toBeVisible();
  await page.getByRole("tab", { name: "Runs" }).click();

  // one of those that are to go trains: it stays
  const [live = ""] = await queueRuns(page, 1_000_000, name("e"));
  await expect(page.getByText("5 runs", { exact: true })).toBeVisible();
  await button(selection, "Select all 5").click();
  await expect(selection.getByText("5 selected")).toBeVisible();
  await button(selection, "Delete…").click();
  await expect(page.getByText(/^One is kept/)).toBeVisible();
  await button(page, "Delete 4 runs").click();
  await expect(page.getByText("1 run", { exact: true })).toBeVisible();
  await expect(row(page, name("e"))).toBeVisible();
  await page.request.post(`/api/runs/${live}/stop`);
});

test("the queue shows what is training, what is next and why", async ({ page }) => {
  await openSample(page);
  const item = page.getByRole("contentinfo").getByRole("button", { name: /training|waiting|Queue/ });
  await expect(item).toHaveText("Queue empty");
  await item.press("Enter");
  await expect(page.getByText("Nothing is training or waiting")).toBeVisible();
  await page.keyboard.press("Escape");

  await queueRuns(page, 1_000_000, "Long", "Second", "Third");
  await expect(item).toHaveText("1 training · 2 waiting");
  await item.press("Enter");
  const queue = page.getByRole("dialog", { name: "Queue" });
  const waiting = queue.getByRole("region", { name: "Waiting" });
  await expect(queue.getByRole("region", { name: "Training on cpu" })).toContainText("Long");
  await expect(waiting.getByText("Waiting for a free slot (cpu: 1 of 1 in use).")).toBeVisible();
  await expect(waiting.getByRole("listitem")).toContainText([/Second/, /Third/]);
  await button(waiting, "Start Third next").click();
  await expect(waiting.getByRole("listitem")).toContainText([/Third/, /Second/]);
  await button(waiting, "Cancel Second").click();
  await expect(waiting.getByRole("listitem")).toHaveCount(1);
  await button(queue, "Stop Long").click();
  await expect(queue.getByRole("region", { name: "Training on cpu" })).toContainText("Third");
  await button(queue, "Third").click();
  await expect(summary(page).getByRole("combobox")).toHaveText("Third");
});
