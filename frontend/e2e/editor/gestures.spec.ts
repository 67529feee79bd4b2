import type { Locator, Page } from "@playwright/test";
import { wires } from "../support/hand";
import { card, expect, openSample, test } from "../support/page";

const selectedName = (page: Page): Locator => page.getByLabel("Name of the node");

test.beforeEach(async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "By hand";
    const [like] = graph.nodes;
    graph.nodes.push({
      ...like,
      id: "extra",
      type: "Dropout",
      disabled: false,
      params: {},
      position: { x: -300, y: -200 },
    } as never);
  });
  await expect(card(page, "extra")).toBeVisible();
});

async function drag(page: Page, from: Locator, to: Locator, keys: string[] = []): Promise<void> {
  const [a, b] = [await from.boundingBox(), await to.boundingBox()];
  if (!a || !b) throw new Error("nothing to drag");
  await page.mouse.move(a.x + a.width / 2, a.y + 8);
  await page.mouse.down();
  for (const key of keys) await page.keyboard.down(key);
  await page.mouse.move(b.x + b.width / 2, b.y + b.height / 2, { steps: 6 });
}

test("a card that is let go over a wire is put into it, as one step; Alt prevents that", async ({ page }) => {
  const before = await wires(page);
  const wire = page.locator('.react-flow__edge[data-id="fc1/output/relu1/input"]');
  const header = card(page, "extra").locator(".card-header");
  await drag(page, header, wire);
  await expect(page.locator(".wire-insertion")).toHaveCount(1);
  await page.mouse.up();
  await expect(page.locator(".wire-insertion")).toHaveCount(0);
  await expect.poll(() => wires(page)).toContain("fc1/output/extra/input");
  expect(await wires(page)).toContain("extra/output/relu1/input");
  expect(await wires(page)).not.toContain("fc1/output/relu1/input");
  await page.keyboard.press("Control+z");
  await expect.poll(() => wires(page)).toEqual(before);

  await drag(page, header, wire, ["Alt"]);
  await expect(page.locator(".wire-insertion")).toHaveCount(0);
  await page.mouse.up();
  await page.keyboard.up("Alt");
  expect(await wires(page)).toEqual(before);
});

test("Alt Delete joins the neighbours; J and K walk along the wires; F looks at the selection", async ({
  page,
}) => {
  await card(page, "fc1")
    .locator(".card-header")
    .click({ position: { x: 40, y: 20 } });
  await page.keyboard.press("j");
  await expect(selectedName(page)).toHaveValue("relu1");
  await page.keyboard.press("j");
  await expect(selectedName(page)).toHaveValue("fc2");
  await page.keyboard.press("k");
  await expect(selectedName(page)).toHaveValue("relu1");
  const before = await wires(page);
  await page.keyboard.press("Alt+Delete");
  await expect(card(page, "relu1")).toHaveCount(0);
  await expect.poll(() => wires(page)).toContain("fc1/output/fc2/input");
  await page.keyboard.press("Control+z");
  await expect.poll(() => wires(page)).toEqual(before);

  const zoom = page.getByTitle("Zoom to 100 %");
  await page.keyboard.press("Shift+1");
  await expect(zoom).not.toHaveText("100 %");
  await card(page, "fc1")
    .locator(".card-header")
    .click({ position: { x: 40, y: 20 } });
  await page.keyboard.press("f");
  await expect(zoom).toHaveText("100 %");
  await page.keyboard.press("Shift+1");
  await expect(zoom).not.toHaveText("100 %");
});
