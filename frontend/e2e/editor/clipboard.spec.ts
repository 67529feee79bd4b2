/** Copy, cut and paste by the system's clipboard. */
import type { Page } from "@playwright/test";
import {
  expectWires,
  freeSpot,
  middle,
  nodes,
  openSmall,
  selected,
  small,
  title,
  toasts,
} from "../support/hand";
import { button, card, expect, test } from "../support/page";

const WIRES = ["fc1/output/relu1/input", "relu1/output/fc2/input", "fc1/output/minus/input"];
const NODES = ["fc1", "fc2", "loss", "minus", "relu1", "spare"];

const clipboard = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
const setClipboard = (page: Page, text: string): Promise<void> =>
  page.evaluate((content) => navigator.clipboard.writeText(content), text);

async function selectPair(page: Page): Promise<void> {
  await title(page, "relu1").click();
  await title(page, "fc2").click({ modifiers: ["Control"] });
  await expect.poll(() => selected(page)).toEqual(["fc2", "relu1"]);
}

test("nodes are copied as the text of a graph file, and pasted at the pointer in one step", async ({
  page,
}) => {
  await openSmall(page, "Copied");
  await selectPair(page);
  await page.keyboard.press("Control+c");
  const file = JSON.parse(await clipboard(page));
  expect(file.format).toBe(1);
  expect(file.nodes.map((node: { id: string }) => node.id)).toEqual(["relu1", "fc2"]);
  expect(file.edges).toHaveLength(1);

  const spot = await freeSpot(page);
  await page.mouse.move(spot.x, spot.y);
  await page.keyboard.press("Control+v");
  await expect.poll(() => selected(page)).toEqual(["linear1", "relu2"]);
  await expectWires(page, [...WIRES, "relu2/output/linear1/input"]);
  const [a, b] = [await card(page, "relu2").boundingBox(), await card(page, "linear1").boundingBox()];
  expect(Math.abs(((a?.x ?? 0) + (b?.x ?? 0) + (b?.width ?? 0)) / 2 - spot.x)).toBeLessThan(20);
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);

  // With the inputs: what fed relu1 feeds its copy.
  await page.keyboard.press("Control+Shift+v");
  await expectWires(page, [...WIRES, "relu2/output/linear1/input", "fc1/output/relu2/input"]);
  await page.keyboard.press("Control+z");
  await expectWires(page, WIRES);

  // Twice in a row: two copies, which do not cover each other.
  await page.keyboard.press("Control+v");
  await page.keyboard.press("Control+v");
  await expect.poll(() => nodes(page)).toHaveLength(10);
  const [first, second] = [
    await title(page, "relu2").boundingBox(),
    await title(page, "relu3").boundingBox(),
  ];
  expect(first?.x).not.toBe(second?.x);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);
});

test("cut nodes go in one step and can be pasted; a duplicate stands beside", async ({ page }) => {
  await openSmall(page, "Cut");
  await selectPair(page);
  await page.keyboard.press("Control+x");
  await expectWires(page, WIRES.slice(2));
  await page.keyboard.press("Control+v");
  await expect.poll(() => nodes(page)).toEqual(["fc1", "linear1", "loss", "minus", "relu1", "spare"]);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await expectWires(page, WIRES);

  await title(page, "spare").click();
  await page.keyboard.press("Control+d");
  await expect.poll(() => selected(page)).toEqual(["dropout1"]);
  const [old, copy] = [await middle(title(page, "spare")), await middle(title(page, "dropout1"))];
  expect(copy.x).toBeGreaterThan(old.x);
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);
});

test("copies go to another tab with another graph", async ({ page, context }) => {
  await openSmall(page, "From here");
  await selectPair(page);
  await page.keyboard.press("Control+c");
  const other = await context.newPage();
  const there = { ...small("To there"), nodes: small("").nodes.slice(5), edges: [] };
  await page.request.post("/api/graphs", { data: there });
  await other.goto("/");
  await other.getByRole("tab", { name: "Graphs" }).click();
  await other.getByRole("list", { name: "Graphs", exact: true }).getByText("To there").click();
  await expect(other.getByLabel("Name of the graph")).toHaveValue("To there");
  const spot = await middle(card(other, "loss"));
  await other.mouse.move(spot.x + 100, spot.y + 150);
  await other.keyboard.press("Control+v");
  await expectWires(other, ["relu1/output/linear1/input"]);
  await other.keyboard.press("Control+z");
  await expect.poll(() => nodes(other)).toEqual(["loss"]);
  await other.close();
});

test("text that is not a graph is reported; text in a field stays text", async ({ page }) => {
  await openSmall(page, "Rubbish");
  for (const [text, answer] of [
    ["Dear diary", "The text in the clipboard is not a graph. Copy nodes, or the text of a graph file."],
    ["{ nodes: [", "The text in the clipboard is not a graph file: it is not valid JSON."],
    ['{"format": 1, "nodes": []}', "The graph in the clipboard has no nodes."],
    ['{"nodes": [{"id": 3}]}', "node 1 has no id or no type."],
  ] as const) {
    await setClipboard(page, text);
    await page.keyboard.press("Control+v");
    await expect(toasts(page)).toContainText(answer);
  }
  await expect(button(page, "Undo")).toBeDisabled();

  await selectPair(page);
  await page.keyboard.press("Control+c");
  const search = page.getByLabel("Search node types");
  await search.click();
  await page.keyboard.press("Control+v");
  await expect(search).toHaveValue(/"format": 1/);
  await search.fill("tanh");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+c");
  expect(await clipboard(page)).toBe("tanh");
  expect(await nodes(page)).toEqual(NODES);
});

test("five hundred nodes are pasted at once, undone at once, and handled from afar and from near", async ({
  page,
}) => {
  await openSmall(page, "Many");
  const many = Array.from({ length: 500 }, (_, i) => ({
    id: `n${i}`,
    type: "ReLU",
    position: { x: (i % 25) * 220, y: Math.floor(i / 25) * 80 },
  }));
  await setClipboard(page, JSON.stringify({ nodes: many, edges: [] }));
  const spot = await freeSpot(page);
  await page.mouse.move(spot.x, spot.y);
  await page.keyboard.press("Control+v");
  await expect(page.getByText("500 nodes", { exact: false }).first()).toBeVisible();
  await page.keyboard.press("Shift+1");
  await page.keyboard.press("Escape");
  const zoom = page.getByTitle("Zoom to 100 %");
  const zoomTo = (name: string, end: string) =>
    expect(async () => {
      await button(page, name).click();
      expect(await zoom.textContent()).toBe(end);
    }).toPass({ intervals: [50] });
  await zoomTo("Zoom out", "5 %");
  await page.mouse.click(spot.x, spot.y, { button: "right" });
  await page.getByRole("menuitem", { name: "Select all" }).click();
  await page.keyboard.press("Delete");
  await expect.poll(() => nodes(page)).toEqual([]);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);
  await page.keyboard.press("Shift+1");
  await zoomTo("Zoom in", "200 %");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("f");
  await expect(zoom).not.toHaveText("200 %");
});
