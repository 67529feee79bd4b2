/** Groups and notes: framed, named, folded, switched off, dragged into and out of, written, and undone. */
import type { Locator, Page } from "@playwright/test";
import { button, card, expect, openSample, test } from "../support/page";

const group = (page: Page, name: RegExp) => page.getByRole("region", { name });

/** Selects these cards, as Ctrl and clicks do. */
async function choose(page: Page, ...ids: string[]): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const header = card(page, id).locator(".card-header");
    await header.click({ position: { x: 40, y: 10 }, ...(index > 0 && { modifiers: ["Control"] }) });
  }
}

test.beforeEach(async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Grouped";
  });
});

test("a group is made, named, folded, switched off and ungrouped, a step each", async ({ page }) => {
  await choose(page, "fc1", "relu1");
  await page.keyboard.press("Control+g");
  await page.keyboard.type("Encoder");
  await page.keyboard.press("Enter");
  const encoder = group(page, /^Group Encoder, 2 nodes/);
  await expect(encoder).toBeVisible();

  await button(page, "Fold Encoder").click();
  await expect(group(page, /^Group Encoder, 2 nodes, folded/)).toBeVisible();
  await expect(card(page, "fc1")).toBeHidden();
  await page.keyboard.press("Control+z");
  await expect(card(page, "fc1")).toBeVisible();

  await encoder.getByRole("button", { name: "Disable the group: pass inputs through" }).click();
  await expect(card(page, "relu1").locator(".card-disabled")).toBeVisible();
  await page.keyboard.press("Control+z");
  await expect(card(page, "relu1").locator(".card-disabled")).toHaveCount(0);

  await button(page, "More for the group Encoder").click();
  await page.getByRole("menuitem", { name: "Violet" }).click();
  await expect(encoder).toHaveAttribute("data-color", "violet");

  await encoder.getByRole("button", { name: "Encoder", exact: true }).click();
  await expect(page.locator(".react-flow__node-card.selected")).toHaveCount(2);
  await page.keyboard.press("Control+Shift+g");
  await expect(encoder).toHaveCount(0);
  await page.keyboard.press("Control+z");
  await expect(encoder).toBeVisible();
});

test("a group moves as a unit; a card that is dragged out leaves it, and dragged back joins it", async ({
  page,
}) => {
  await choose(page, "relu2", "fc3");
  await page.keyboard.press("Control+g");
  await page.keyboard.press("Enter");
  const both = group(page, /^Group Group, 2 nodes/);
  await expect(both).toBeVisible();
  const before = await card(page, "relu2").boundingBox();
  const title = await both.getByText("2 nodes").boundingBox();
  if (!title || !before) throw new Error("nothing to drag");
  await page.mouse.move(title.x + 10, title.y + 5);
  await page.mouse.down();
  await page.mouse.move(title.x + 30, title.y + 90, { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await card(page, "relu2").boundingBox())?.y).toBeGreaterThan(before.y + 40);
  await page.keyboard.press("Control+z");
  await expect.poll(async () => (await card(page, "relu2").boundingBox())?.y).toBe(before.y);

  const drag = async (id: string, dx: number, dy: number): Promise<void> => {
    const at = await card(page, id).locator(".card-header").boundingBox();
    if (!at) throw new Error("nothing to drag");
    await page.mouse.move(at.x + 50, at.y + 10);
    await page.mouse.down();
    await page.mouse.move(at.x + 50 + dx, at.y + 10 + dy, { steps: 6 });
    await page.mouse.up();
  };
  await page.keyboard.press("Escape");
  await drag("fc3", 0, 260);
  await expect(group(page, /^Group Group, 1 node$/)).toBeVisible();
  await page.keyboard.press("Control+z");
  await expect(both).toBeVisible();
});

test("Tidy keeps a group together and a note beside its node; a frame takes its notes along", async ({
  page,
}) => {
  const at = async (what: Locator) => {
    const box = await what.boundingBox();
    if (!box) throw new Error("it is not drawn");
    return box;
  };
  const corner = await at(card(page, "fc2"));
  await page.mouse.move(corner.x, corner.y);
  await page.keyboard.press("n");
  await page.keyboard.type("Why 64?");
  await page.keyboard.press("Escape");
  const note = page.locator(".react-flow__node-note");
  await choose(page, "relu1", "relu2");
  await page.keyboard.press("Control+g");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Shift+L");
  await expect(async () => {
    const frame = await at(group(page, /^Group Group, 2 nodes/));
    for (const id of ["fc1", "fc2", "fc3"]) {
      const other = await at(card(page, id));
      const beside = other.x >= frame.x + frame.width || other.x + other.width <= frame.x;
      expect(beside || other.y >= frame.y + frame.height || other.y + other.height <= frame.y, id).toBe(true);
    }
  }, "the worker has tidied").toPass();
  // The note lies over a card of the model.
  const model = page.locator('.react-flow__node[data-id="frame:model"] .frame-title');
  const [title, before, fc1] = [await at(model), await at(note), await at(card(page, "fc1"))];
  await page.mouse.move(title.x + 20, title.y + 8);
  await page.mouse.down();
  await page.mouse.move(title.x + 20, title.y - 32, { steps: 4 });
  await page.mouse.up();
  const moved = (await at(card(page, "fc1"))).y - fc1.y;
  expect(moved).toBeLessThan(0);
  expect((await at(note)).y - before.y).toBeCloseTo(moved, 0);
  await page.keyboard.press("Control+z");
  await expect.poll(async () => (await at(note)).y).toBe(before.y);
});

test("a note is written, sized, coloured, copied and deleted", async ({ page }) => {
  await page.keyboard.press("n");
  await expect(page.getByLabel("Text of the note")).toBeFocused();
  await page.keyboard.type("Look at\nhttps://example.org/paper");
  await page.keyboard.press("Escape");
  const note = page.locator(".react-flow__node-note");
  await expect(note).toContainText("Look at");
  await expect(note.getByRole("link")).toHaveAttribute("href", "https://example.org/paper");

  await note.dblclick({ position: { x: 20, y: 55 } });
  await page.getByLabel("Text of the note").fill("Shorter");
  await page.keyboard.press("Control+Enter");
  await expect(note).toHaveText("Shorter");
  await page.keyboard.press("Control+z");
  await expect(note).toContainText("Look at");

  await note.click({ button: "right", position: { x: 20, y: 55 } });
  await page.getByRole("menuitem", { name: "Blue" }).click();
  await expect(note.locator(".note")).toHaveAttribute("data-color", "blue");
  await page.keyboard.press("Control+d");
  await expect(note).toHaveCount(2);
  await page.keyboard.press("Delete");
  await expect(note).toHaveCount(1);
  await page.reload();
  await expect(note).toContainText("Look at");
});
