import { card, expect, openGraph, standsStill, test } from "../support/page";

const SIZE = 400;

/** A long chain, in a square. */
function chain(): { name: string; nodes: object[]; edges: object[] } {
  const nodes = Array.from({ length: SIZE }, (_, index) => ({
    id: `n${index}`,
    type: index % 2 === 0 ? "Linear" : "ReLU",
    position: { x: (index % 20) * 280, y: Math.floor(index / 20) * 180 },
    params: {},
  }));
  const edges = nodes.slice(1).map((node, index) => ({
    source: `n${index}`,
    source_output: "output",
    target: node.id,
    target_input: "input",
  }));
  return { name: "A long chain", nodes, edges };
}

test("a large graph from afar is a sketch that can be moved, and whole again from near", async ({ page }) => {
  await openGraph(page, chain());
  await page.keyboard.press("f");
  const canvas = page.getByRole("region", { name: "Graph", exact: true });
  await expect(canvas).toHaveAttribute("data-titles-only");
  await expect(page.locator(".card-overview")).toHaveCount(SIZE);
  await expect(page.locator(".overview-wires path")).toHaveCount(1);
  await expect(page.locator(".react-flow__edge")).toHaveCount(0);

  await standsStill(page);
  const before = await card(page, "n42").boundingBox();
  if (!before) throw new Error("n42 is not drawn");
  await page.mouse.move(before.x + before.width / 2, before.y + before.height / 2);
  await page.mouse.down();
  await page.mouse.move(before.x + 40, before.y + 30, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => (await card(page, "n42").boundingBox())?.x).toBeGreaterThan(before.x + 10);
  await page.keyboard.press("Control+z");
  await expect
    .poll(async () => Math.round((await card(page, "n42").boundingBox())?.x ?? 0))
    .toBe(Math.round(before.x));

  await page.getByTitle("Zoom to 100 %").click();
  await expect(canvas).not.toHaveAttribute("data-titles-only");
  await expect(page.locator(".card-overview")).toHaveCount(0);
  await expect(page.locator(".react-flow__edge").first()).toBeVisible();
  expect(await page.locator(".react-flow__node-card").count()).toBeLessThan(SIZE / 4);
});

test("Tidy of a large graph leaves the page to the user meanwhile, and is one step to undo", async ({
  page,
}) => {
  await openGraph(page, chain());
  const before = await card(page, "n0").getAttribute("style");
  await page.keyboard.press("Shift+l");
  await expect(page.getByText(`Tidying ${SIZE} nodes…`)).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByPlaceholder("Search commands and nodes")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText(`Tidying ${SIZE} nodes…`)).toBeHidden();
  await expect.poll(() => card(page, "n0").getAttribute("style")).not.toBe(before);
  await page.keyboard.press("Control+z");
  await expect.poll(() => card(page, "n0").getAttribute("style")).toBe(before);
});
