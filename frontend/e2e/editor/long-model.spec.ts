import { card, expect, openGraph, openStarter, sampleGraph, test } from "../support/page";

test("the layers of a long model are rows that read from top to bottom, and work as cards do", async ({
  page,
}) => {
  await openGraph(page, { ...(await sampleGraph(page.request)), name: "Before" });
  await openStarter(page, "ResNet18");
  const conv = card(page, "conv1");
  await expect(conv.locator(".card-row")).toContainText("B×64×16×16");
  await expect(async () => {
    const [a, b] = [await conv.boundingBox(), await card(page, "bn1").boundingBox()];
    expect(b?.x).toBe(a?.x);
    expect(b?.y).toBeGreaterThan(a?.y ?? 0);
  }, "the view has come to rest").toPass();

  await conv.click();
  await expect(page.getByLabel("Name of the node")).toHaveValue("conv1");
  await card(page, "relu").click();
  await page.keyboard.press("Control+b");
  await expect(card(page, "relu").locator(".card-disabled")).toBeVisible();
  await expect(card(page, "relu").locator(".card-pass path")).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("gate");
  await page.keyboard.press("Enter");
  await expect(card(page, "relu")).toContainText("gate");

  await card(page, "fc").hover();
  await page.mouse.wheel(0, 0);
  await card(page, "fc").click();
  await page.keyboard.press("Delete");
  await page.keyboard.press("Control+z");
  await expect(card(page, "fc").locator(".card-row")).toBeVisible();
});

test("a problem of a row is a sign at it, which leads to the list", async ({ page }) => {
  await openGraph(page, { ...(await sampleGraph(page.request)), name: "Before" });
  await openStarter(page, "ResNet18");
  await card(page, "conv1").click();
  await page.keyboard.press("Delete");
  const sign = page.getByRole("button", { name: /^Show the problem: / }).first();
  await sign.click();
  await expect(page.getByRole("tab", { name: /^Problems/ })).toHaveAttribute("aria-selected", "true");
});
