/** The README's images, of the product as it is: `make screenshots`. */
import {
  button,
  card,
  expect,
  expectState,
  openSample,
  openStarter,
  runButton,
  sampleGraph,
  setParam,
  test,
} from "../support/page";

const IMAGES = "../docs/images";

for (const theme of ["light", "dark"] as const) {
  test(`the sample network after a run, ${theme} @screenshots`, async ({ page }) => {
    await page.setViewportSize({ width: 1600, height: 1100 });
    await page.emulateMedia({ colorScheme: theme });
    await openSample(page);
    await runButton(page).click();
    await expectState(page, "Completed");
    await page.mouse.move(700, 100);
    await page.waitForTimeout(800);
    await page.screenshot({ path: `${IMAGES}/network-${theme}.png` });

    for (const id of ["relu1", "relu2"]) {
      await card(page, id).hover();
      await card(page, id)
        .getByRole("button", { name: /^Disable/ })
        .click();
    }
    await runButton(page).click();
    await expectState(page, "Running");
    await expectState(page, "Completed");
    await page.getByRole("tab", { name: "Runs" }).click();
    const boxes = page.getByRole("checkbox", { name: /^Select (?!the first)/ });
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await button(page, "Compare").click();
    await expect(page.getByRole("region", { name: "Comparison" })).toBeVisible();
    await page.mouse.move(700, 100);
    await page.waitForTimeout(800);
    await page.screenshot({ path: `${IMAGES}/comparison-${theme}.png` });
  });

  test(`a U-Net of blocks, ${theme} @screenshots`, async ({ page }) => {
    await page.setViewportSize({ width: 1600, height: 1000 });
    await page.emulateMedia({ colorScheme: theme });
    await openSample(page);
    await openStarter(page, "U-Net");
    await expect(page.getByText("482,449 parameters").first()).toBeVisible();
    await card(page, "dec2").click({ position: { x: 30, y: 10 } });
    await page.mouse.move(700, 100);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${IMAGES}/unet-${theme}.png` });
  });

  test(`the editor, a long model and versions, ${theme} @screenshots`, async ({ page }) => {
    await page.setViewportSize({ width: 1600, height: 1000 });
    await page.emulateMedia({ colorScheme: theme });
    await openSample(page);
    await card(page, "relu2")
      .locator(".card-header")
      .click({ position: { x: 40, y: 10 } });
    await card(page, "fc3")
      .locator(".card-header")
      .click({ position: { x: 40, y: 10 }, modifiers: ["Control"] });
    await page.keyboard.press("Control+g");
    await page.keyboard.type("Head");
    await page.keyboard.press("Enter");
    await page.mouse.move(960, 740);
    await page.keyboard.press("n");
    await page.getByLabel("Text of the note").fill("Data: two inputs, one target.\nTry 128 units in fc1.");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Shift+O");
    const row = page.getByRole("tree").locator('[data-node="fc1"]');
    await row.click();
    await page.keyboard.press("ArrowRight");
    await page.mouse.move(700, 30);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${IMAGES}/editor-${theme}.png` });

    await page.keyboard.press("Control+s");
    await card(page, "relu1")
      .locator(".card-header")
      .click({ position: { x: 40, y: 10 } });
    await page.keyboard.press("Alt+Delete");
    await page.keyboard.press("Control+Alt+s");
    const versions = page.getByRole("dialog", { name: /^Versions/ });
    await versions.getByRole("button", { name: /^Version 1/ }).click();
    await page.mouse.move(700, 30);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${IMAGES}/versions-${theme}.png` });
    await page.keyboard.press("Escape");

    await page.getByRole("tab", { name: "Nodes", exact: true }).click();
    await openStarter(page, "ResNet18");
    await page.mouse.move(700, 30);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${IMAGES}/long-model-${theme}.png` });
  });

  test(`a study and its definition, ${theme} @screenshots`, async ({ page }) => {
    await page.setViewportSize({ width: 1600, height: 1150 });
    await page.emulateMedia({ colorScheme: theme });
    await openSample(page, (graph) => setParam(graph, "TrainingLoop", "epochs", 40));
    const graph = await sampleGraph(page.request);
    setParam(graph, "TrainingLoop", "epochs", 40);
    const study = {
      name: "What matters",
      graph,
      strategy: {
        kind: "leave_one_out",
        nodes: ["relu1", "fc2", "relu2", { node: "samples", columns: ["x2"] }],
      },
      seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      metric: "test_r2",
      margin: 0.01,
    };
    await page.request.post("/api/studies", { data: study });
    await page.keyboard.press("Control+3");
    await page.getByRole("button", { name: "What matters", exact: true }).first().click();
    await expect(page.getByText("Completed", { exact: true }).first()).toBeVisible({ timeout: 300_000 });
    await button(page, "Show on canvas").click();
    await page.mouse.move(700, 30);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${IMAGES}/study-${theme}.png` });

    await button(page, "Show on canvas").click();
    for (const [index, id] of ["relu1", "fc2", "fc3"].entries()) {
      await card(page, id)
        .locator(".card-header")
        .click({ position: { x: 40, y: 10 }, ...(index > 0 && { modifiers: ["Control"] }) });
    }
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search commands and nodes").fill("Ablate these");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "New study" }).getByText("w/o fc2")).toBeVisible();
    await page.mouse.move(700, 30);
    await page.waitForTimeout(1000);
    await page.screenshot({ path: `${IMAGES}/define-study-${theme}.png` });
  });
}
