import {
  button,
  card,
  expect,
  expectNoViolations,
  expectState,
  openSample,
  runButton,
  setParam,
  test,
} from "./page";

// Each screen is walked through, element by element.
test.describe.configure({ timeout: 300_000 });

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing on any screen in the ${colorScheme} theme`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await openSample(page, (graph) => {
      graph.name = `Axe ${colorScheme}`;
      setParam(graph, "TrainingLoop", "epochs", 20);
    });
    await expectNoViolations(page, "editor");
    await card(page, "fc1").click();
    await page.keyboard.press("Control+b");
    await expectNoViolations(page, "node and its properties");
    await page.keyboard.press("Control+z");
    await card(page, "samples").click({ position: { x: 60, y: 12 } });
    await expectNoViolations(page, "column picker");
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search commands and nodes").fill("New from a starter");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("button", { name: /LeNet-5/ })).toBeVisible();
    await expectNoViolations(page, "starters");
    await page.keyboard.press("Escape");
    await card(page, "fc2").click({ position: { x: 50, y: 10 } });
    await card(page, "relu2").click({ position: { x: 50, y: 10 }, modifiers: ["Shift"] });
    await button(page, "Make a block").click();
    await expect(page.getByRole("dialog").getByLabel("Name of the block")).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByText("2 nodes inside")).toBeVisible();
    await expectNoViolations(page, "block");
    await page.keyboard.press("Alt+Enter");
    await expect(page.getByText("Exposed parameters")).toBeVisible();
    await expectNoViolations(page, "inside a block");
    await page.keyboard.press("Alt+Backspace");
    await page.keyboard.press("Control+z");

    await runButton(page).click();
    await expectState(page, "Completed");
    await expect(page.getByRole("link", { name: /weights/ })).toBeVisible();
    await expectNoViolations(page, "training and results");
    await page.getByRole("button", { name: "Show Loss as a table" }).click();
    await expectNoViolations(page, "chart as a table");
    await runButton(page).click();
    await expectState(page, "Completed");

    await page.getByRole("tab", { name: "Runs" }).click();
    await page.getByLabel("Search runs").fill(`Axe ${colorScheme}`);
    await expect(page.getByRole("checkbox", { name: /^Select Axe/ })).toHaveCount(2);
    for (const box of await page.getByRole("checkbox", { name: /^Select Axe/ }).all()) await box.check();
    await expectNoViolations(page, "runs");
    await button(page, "Compare").click();
    await expect(page.getByText("The same graph as A.")).toBeVisible();
    await expectNoViolations(page, "comparison");
    await page.getByRole("tab", { name: "Problems" }).click();
    await expectNoViolations(page, "problems");
    await page.getByRole("tab", { name: "Logs" }).click();
    await expectNoViolations(page, "logs");

    await page.getByRole("tab", { name: "Graphs" }).click();
    await expectNoViolations(page, "graphs");
    await page.getByRole("tab", { name: "Datasets" }).click();
    await page
      .getByRole("button", { name: /^sample_data\.csv/ })
      .first()
      .click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectNoViolations(page, "dataset");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await expect(page.getByPlaceholder("Search commands and nodes")).toBeVisible();
    await expectNoViolations(page, "command palette");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+?");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    await expectNoViolations(page, "shortcuts");
  });
}
