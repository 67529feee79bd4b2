/** The rules of an optimizer: made by keyboard, checked as they change, and followed by a run. */
import type { Locator, Page } from "@playwright/test";
import { expectAccessible, RIGHT } from "../support/axe";
import { button, card, expect, expectState, openSample, runButton, setParam, test } from "../support/page";

test.use({ viewport: { width: 1280, height: 720 } });

const rule = (page: Page, number: number): Locator =>
  page
    .getByRole("group", { name: "Parameter groups" })
    .getByRole("listitem")
    .nth(number - 1);

/** Adds one of the usual rules from the menu, by keyboard. */
async function addRule(page: Page, name: string): Promise<void> {
  await button(page, "Add a rule").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name, exact: true }).press("Enter");
}

test("rules are added, changed, moved and removed by keyboard, and a run follows them", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Rules";
    for (const node of graph.nodes) if (node.id === "adam") node.type = "AdamW";
    setParam(graph, "TrainingLoop", "epochs", 3);
  });
  await card(page, "adam").click({ position: { x: 50, y: 10 } });

  await addRule(page, "Freeze a layer");
  await expect(page.getByTestId("right").getByText(/^Rule 1 selects by node, but names none/)).toBeVisible();
  await page.getByRole("combobox", { name: "Rule 1: layer or block" }).press("Enter");
  await page.getByRole("option", { name: /^fc1/ }).press("Enter");
  await expect(rule(page, 1)).toContainText("2 tensors, 192 parameters: frozen");

  await addRule(page, "No weight decay on biases and norms");
  await expect(rule(page, 2)).toContainText("2 tensors, 65 parameters: AdamW, rate 0.002, decay 0");
  const decay = page.getByRole("textbox", { name: "Rule 2: weight decay" });
  await decay.fill("0.5");
  await decay.press("Enter");
  await expect(rule(page, 2)).toContainText("decay 0.5");

  await button(page, "Move Rule 2 up").press("Enter");
  await expect(rule(page, 1)).toContainText("3 tensors, 129 parameters: AdamW");
  await expect(rule(page, 2)).toContainText("1 tensor, 128 parameters: frozen");
  await expectAccessible(page, "the rules of an optimizer", RIGHT);

  await page.getByRole("combobox", { name: "Rule 1: how it is trained" }).press("Enter");
  await page.getByRole("combobox", { name: "Search options" }).fill("by SGD");
  await page.keyboard.press("Enter");
  await expect(rule(page, 1)).toContainText("3 tensors, 129 parameters: SGD, rate 0.001");

  await button(page, "Remove Rule 1").press("Enter");
  await expect(button(page, "Remove Rule 1")).toBeFocused();
  await expect(rule(page, 1)).toContainText("2 tensors, 192 parameters: frozen");

  await runButton(page).click();
  await expectState(page, "Completed");
  const [run] = await (await page.request.get("/api/runs")).json();
  const report = await (await page.request.get(`/api/runs/${run.id}/artifacts/report.json`)).json();
  expect(report.trainable_parameters).toBe(report.parameters - 192);
});
