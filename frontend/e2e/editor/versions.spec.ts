/** Never lose work: versions, the list of graphs, deletions that can be undone, a server that is away. */
import type { Page } from "@playwright/test";
import { button, card, expect, openGraph, openSample, sampleGraph, test } from "../support/page";

const toast = (page: Page, text: string | RegExp) =>
  page.locator("[data-sonner-toast]").filter({ hasText: text });
const versions = (page: Page) => page.getByRole("dialog", { name: /^Versions of/ });
const graphs = (page: Page) => page.getByRole("list", { name: "Graphs", exact: true });

async function disable(page: Page, id: string): Promise<void> {
  await card(page, id).hover();
  await card(page, id)
    .getByRole("button", { name: /^Disable/ })
    .click();
}

test("a version is saved with a name, compared, restored, and the restoration undone", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Versioned";
  });
  await disable(page, "relu1");
  await page.keyboard.press("Control+s");
  await expect(toast(page, "Saved “Versioned”, version 2.")).toBeVisible();

  await card(page, "relu2").locator(".card-header").click();
  await page.keyboard.press("Delete");
  await expect(card(page, "relu2")).toHaveCount(0);
  await page.keyboard.press("Control+Shift+s");
  await page.getByLabel("Name of the version").fill("one layer less");
  await page.keyboard.press("Enter");
  await expect(toast(page, "Saved “Versioned”, version 3.")).toBeVisible();

  await page.keyboard.press("Control+Alt+s");
  await expect(versions(page)).toBeVisible();
  await expect(button(versions(page), "Restore")).toBeDisabled();
  await expect(versions(page).getByText(/relu1 was disabled/)).toBeVisible();
  await versions(page)
    .getByRole("button", { name: /^Version 1/ })
    .click();
  await expect(versions(page).getByRole("img", { name: "The comparison, 2 changes" })).toBeVisible();
  const differences = versions(page).getByRole("region", { name: "Differences" });
  await expect(differences.getByRole("button")).toHaveText([/relu2.* was removed/, /relu1 was disabled/]);
  await differences.getByRole("button").first().click();

  await versions(page).getByRole("combobox", { name: "Compare with" }).click();
  await page.getByRole("option", { name: "nothing" }).click();
  await expect(versions(page).getByRole("img", { name: "The graph" })).toBeVisible();

  await button(versions(page), "Restore version 1").click();
  await expect(card(page, "relu2")).toBeVisible();
  await expect(card(page, "relu1").locator(".card-disabled")).toHaveCount(0);
  await page.locator(".react-flow__pane").click({ position: { x: 5, y: 5 } });
  await page.keyboard.press("Control+z");
  await expect(card(page, "relu2")).toHaveCount(0);
});

test("a version is named later, and opened as a copy", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Named later";
  });
  await page.keyboard.press("Control+Alt+s");
  await versions(page)
    .getByRole("button", { name: /^Version 1/ })
    .first()
    .hover();
  await button(versions(page), "Name Version 1").click();
  await page.getByLabel("Name of version 1").fill("the first");
  await page.keyboard.press("Enter");
  const first = versions(page).getByRole("button", { name: /^Version 1 · the first/ });
  await first.click();
  await button(versions(page), "Open a copy").click();
  await expect(page.getByLabel("Name of the graph")).toHaveValue("Named later copy");
});

test("graphs are found, renamed, copied, deleted and brought back", async ({ page, context }) => {
  const sample = await sampleGraph(page.request);
  await page.request.post("/api/graphs", { data: { ...sample, name: "0 first" } });
  await openGraph(page, { ...sample, name: "Beta" });
  await page.getByRole("tab", { name: "Graphs" }).click();
  const item = (name: string) => graphs(page).getByRole("button", { name: new RegExp(`^${name}\\b`) });
  await expect(item("0 first").locator("svg path").first()).toBeAttached();
  await expect(item("Beta")).toHaveAttribute("aria-current", "true");

  await button(page, "Sorted by last change: sort by name").click();
  await expect(graphs(page).getByRole("listitem").first()).toContainText("0 first");
  await button(page, "Sorted by name: sort by last change").click();
  await expect(graphs(page).getByRole("listitem").first()).toContainText("Beta");

  await item("0 first").focus();
  await page.keyboard.press("F2");
  await page.getByLabel("Name of 0 first").fill("Gamma");
  await page.keyboard.press("Enter");
  await expect(item("Gamma")).toBeVisible();

  await page.getByRole("searchbox", { name: "Search graphs" }).fill("gam");
  await expect(graphs(page).getByRole("listitem")).toHaveCount(1);
  const opened = context.waitForEvent("page");
  await button(page, "More for Gamma").click();
  await page.getByRole("menuitem", { name: "Open in a new tab" }).click();
  const other = await opened;
  await expect(other.getByLabel("Name of the graph")).toHaveValue("Gamma");
  await expect(other).toHaveURL(/\/$/);
  await other.close();
  await expect(page.getByLabel("Name of the graph")).toHaveValue("Beta");

  await item("Gamma").focus();
  await page.keyboard.press("Delete");
  await expect(page.getByText("No graph is called “gam”.")).toBeVisible();
  await button(toast(page, "Deleted “Gamma”."), "Undo").click();
  await expect(item("Gamma")).toBeVisible();

  await item("Gamma").focus();
  await page.keyboard.press("Delete");
  await expect(page.getByText("No graph is called “gam”.")).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: /^Deleted \(/ }).click();
  await button(page, "Restore Gamma").click();
  await expect(item("Gamma")).toBeVisible();
});

test("of two tabs with one graph the later one is warned, and nothing is overwritten", async ({
  page,
  context,
}) => {
  await openSample(page, (graph) => {
    graph.name = "Twice";
  });
  const other = await context.newPage();
  await other.goto("/");
  await expect(other.getByLabel("Name of the graph")).toHaveValue("Twice");
  await disable(other, "relu1");
  await expect(other.getByRole("contentinfo")).toContainText("Draft kept on the server");
  await disable(page, "relu2");
  const dialog = page.getByRole("dialog", { name: "This graph was changed elsewhere" });
  await button(dialog, "Keep mine as a copy").click();
  await expect(page.getByLabel("Name of the graph")).toHaveValue("Twice copy");
  await expect(other.getByLabel("Name of the graph")).toHaveValue("Twice");
});

test("without the server editing continues; the edits reach it when it is back", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Away";
  });
  await page.route("**/api/**", (route) => route.abort());
  await disable(page, "relu1");
  await expect(page.getByText("The VisDL server does not answer.", { exact: false }).first()).toBeVisible();
  const status = page.getByRole("contentinfo");
  await expect(status).toContainText("Kept in this browser");
  await page.unroute("**/api/**");
  await expect(status).toContainText("Draft kept on the server");
  await page.evaluate(() => {
    sessionStorage.clear();
    localStorage.clear();
  });
  await page.goto("about:blank");
  await page.goto("/");
  await expect(card(page, "relu1").locator(".card-disabled")).toBeVisible();
});

test("forbidden browser storage is reported once, and editing continues", async ({ page }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await openSample(page, (graph) => {
    graph.name = "Full";
  });
  await expect(toast(page, "This browser's storage is full or blocked.")).toHaveCount(1);
  await disable(page, "relu1");
  await expect(page.getByRole("contentinfo")).toContainText("Draft kept on the server");
  await disable(page, "relu2");
  await expect(toast(page, "This browser's storage is full or blocked.")).toHaveCount(1);
});
