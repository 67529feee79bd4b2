/** The README's images, of the product as it is: `make screenshots`. */
import { button, card, expect, expectState, openSample, openStarter, runButton, test } from "./page";

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
    await expectState(page, "Completed");
    await page.getByRole("tab", { name: "Runs" }).click();
    const boxes = page.getByRole("checkbox", { name: /^Compare/ });
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
}
