import type { Locator, Page } from "@playwright/test";
import { button, card, expect, openSample, test } from "../support/page";

const field = (page: Page, name: string): Locator => page.getByRole("textbox", { name, exact: true });

async function retype(page: Page, name: string, text: string): Promise<void> {
  await field(page, name).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
}

/** Selects a node by a click on its title, or adds it to the selection. */
async function choose(page: Page, id: string, ...modifiers: "Shift"[]): Promise<void> {
  await card(page, id).click({ position: { x: 50, y: 10 }, modifiers });
}

async function undo(page: Page): Promise<void> {
  await button(page, "Undo").click();
}

/** Opens the sample with a convolution and a stack of like layers beside it. */
async function open(page: Page, name: string): Promise<void> {
  await openSample(page, (graph) => {
    graph.name = name;
    graph.nodes.push({ id: "conv", type: "Conv2d", disabled: false, params: {} });
  });
}

test("numbers are typed as arithmetic, refused with the reason, stepped and dragged", async ({ page }) => {
  await open(page, "Numbers");
  await choose(page, "fc1");
  const width = field(page, "out features");
  const onCard = field(page, "out features of fc1");

  await retype(page, "out features", "2*64");
  await expect(onCard).toHaveValue("64");
  await page.keyboard.press("Enter");
  await expect(onCard).toHaveValue("128");

  await retype(page, "out features", "3/2");
  await page.keyboard.press("Tab");
  await expect(page.getByText("out features must be a whole number: 3/2 is 1.5.")).toBeVisible();
  await expect(width).toHaveValue("3/2");
  await expect(onCard).toHaveValue("128");
  await width.press("Escape");
  await expect(width).toHaveValue("128");

  // Held down, an arrow is one step of undo; Shift makes it ten.
  await width.focus();
  await page.keyboard.down("ArrowUp");
  await page.keyboard.down("ArrowUp");
  await page.keyboard.up("ArrowUp");
  await page.keyboard.press("Shift+ArrowUp");
  await expect(onCard).toHaveValue("140");
  await undo(page);
  await expect(onCard).toHaveValue("130");
  await undo(page);
  await expect(onCard).toHaveValue("128");

  // The label is dragged: one step of undo, and Escape gives it up.
  const label = page.locator("label", { hasText: /^out features$/ }).last();
  const box = await label.boundingBox();
  if (!box) throw new Error("the label is shown");
  const drag = async (by: number): Promise<void> => {
    await page.mouse.move(box.x + 10, box.y + 8);
    await page.mouse.down();
    await page.mouse.move(box.x + 10 + by, box.y + 8, { steps: 8 });
  };
  await drag(60);
  await expect(width).toHaveValue("138");
  await expect(onCard).toHaveValue("128");
  await page.mouse.up();
  await expect(onCard).toHaveValue("138");
  await drag(60);
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await expect(width).toHaveValue("138");
  await undo(page);
  await expect(onCard).toHaveValue("128");

  // On the card there is no room below the field: the reason stands in a tip.
  await onCard.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("0");
  await page.keyboard.press("Enter");
  const reason = "out features must be between 1 and 10,000,000, not 0.";
  await expect(page.locator(".tooltip").getByText(reason)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(onCard).toHaveValue("128");

  // A learning rate goes by orders of magnitude.
  await choose(page, "adam");
  const rate = field(page, "lr of Adam");
  await expect(rate).toHaveValue("0.002");
  await field(page, "lr").press("ArrowUp");
  await expect(rate).toHaveValue("0.005");
  await field(page, "lr").press("Shift+ArrowDown");
  await expect(rate).toHaveValue("0.0005");
  await retype(page, "lr", "3e-4");
  await page.keyboard.press("Enter");
  await expect(rate).toHaveValue("0.0003");
});

test("sizes, choices, and the way back to the defaults", async ({ page }) => {
  await open(page, "Sizes");
  await choose(page, "conv");
  await retype(page, "kernel size", "2+1, (28-3)//5");
  await page.keyboard.press("Enter");
  await expect(field(page, "kernel size")).toHaveValue("3, 5");
  await retype(page, "kernel size", "1, 2, 3");
  await page.keyboard.press("Enter");
  await expect(page.getByText("kernel size takes one number or 2 numbers, not 3.")).toBeVisible();
  await page.keyboard.press("Escape");

  await page.getByRole("combobox", { name: "weight init" }).click();
  await page.keyboard.type("kaiming_n");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("combobox", { name: "weight init" })).toHaveText("kaiming_normal");
  await expect(field(page, "init std")).toHaveAttribute("placeholder", /not set/);

  await button(page, "Reset to default, default").click();
  await expect(page.getByRole("combobox", { name: "weight init" })).toHaveText("default");
  await page.getByRole("switch", { name: "bias", exact: true }).click();
  await button(page, "Reset all").click();
  await expect(page.getByRole("switch", { name: "bias", exact: true })).toBeChecked();
  await expect(button(page, "Reset all")).toHaveCount(0);
  await undo(page);
  await expect(field(page, "kernel size")).toHaveValue("3, 5");
  await expect(page.getByRole("switch", { name: "bias", exact: true })).not.toBeChecked();
});

test("columns: what a glob finds, and what is missing", async ({ page }) => {
  await open(page, "Columns");
  await choose(page, "samples");
  await expect(page.getByText("1,000 rows, 3 columns")).toBeVisible();
  await retype(page, "Inputs", "x*");
  await page.keyboard.press("Enter");
  await expect(page.getByText("x* matches 2: x1, x2")).toBeVisible();
  await expect(page.getByText("2 of 3 columns")).toBeVisible();
  await retype(page, "Inputs", "x*, speed");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/no column .speed. in sample_data\.csv/).last()).toBeVisible();
  await undo(page);
  await expect(field(page, "Inputs")).toHaveValue("x*");
});

test("several nodes are edited, lined up and reset together, each in one step", async ({ page }) => {
  await open(page, "Several");
  await choose(page, "fc1");
  for (const id of ["fc2", "relu1", "conv"]) await choose(page, id, "Shift");
  await expect(page.getByText("4 nodes selected")).toBeVisible();
  await expect(page.getByText("2 × Linear, ReLU, Conv2d")).toBeVisible();
  await expect(page.getByText("3 of 4 nodes").first()).toBeVisible();

  await page.getByRole("switch", { name: "bias", exact: true }).click();
  await expect(page.getByRole("switch", { name: "bias", exact: true })).not.toBeChecked();
  await retype(page, "out features", "2**5");
  await page.keyboard.press("Enter");
  for (const id of ["fc1", "fc2"]) await expect(field(page, `out features of ${id}`)).toHaveValue("32");
  await undo(page);
  for (const id of ["fc1", "fc2"]) await expect(field(page, `out features of ${id}`)).toHaveValue("64");
  await expect(page.getByRole("switch", { name: "bias", exact: true })).not.toBeChecked();
  await undo(page);
  await expect(page.getByRole("switch", { name: "bias", exact: true })).toBeChecked();

  // Different values are marked as such, and a new one applies to all.
  await field(page, "out features of fc2").fill("8");
  await page.keyboard.press("Enter");
  await choose(page, "relu2");
  await choose(page, "fc1");
  await choose(page, "fc2", "Shift");
  await expect(field(page, "out features")).toHaveValue("");
  await expect(field(page, "out features")).toHaveAttribute("placeholder", "mixed");
  await retype(page, "out features", "16");
  await page.keyboard.press("Enter");
  for (const id of ["fc1", "fc2"]) await expect(field(page, `out features of ${id}`)).toHaveValue("16");

  const top = async (id: string): Promise<number | undefined> => (await card(page, id).boundingBox())?.y;
  const left = async (id: string): Promise<number | undefined> => (await card(page, id).boundingBox())?.x;
  const before = await left("fc2");
  await button(page, "Align left edges").click();
  await expect.poll(async () => (await left("fc1")) === (await left("fc2"))).toBe(true);
  await undo(page);
  await expect.poll(() => left("fc2")).toBe(before);
  await button(page, "Align tops").click();
  await expect.poll(async () => (await top("fc1")) === (await top("fc2"))).toBe(true);
});

test("a wire shows what it carries and its ends, and can be deleted", async ({ page }) => {
  await open(page, "A wire");
  const wires = page.locator(".react-flow__edge");
  await expect(wires).toHaveCount(17);
  const wire = page.locator('.react-flow__edge[data-id^="fc1/"] path').first();
  const middle = await wire.evaluate((path: SVGPathElement) => {
    const point = path
      .getPointAtLength(path.getTotalLength() / 2)
      .matrixTransform(path.getScreenCTM() ?? undefined);
    return { x: point.x, y: point.y };
  });
  await page.mouse.click(middle.x, middle.y);
  await expect(page.getByRole("heading", { name: "Wire" })).toBeVisible();
  await expect(button(page, "fc1 · output")).toBeVisible();
  await button(page, "Delete wire").click();
  await expect(wires).toHaveCount(16);
  await undo(page);
  await expect(wires).toHaveCount(17);
  await page.mouse.click(middle.x, middle.y);
  await button(page, "relu1 · input").click();
  await expect(field(page, "Name of the node")).toHaveValue("relu1");
});

test("the model's layers are sorted, selected and exported", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Layers";
    for (const n of [1, 2, 3, 4]) {
      graph.nodes.push({ id: `skip${n}`, type: "Identity", disabled: false, params: {} });
    }
  });
  const names = page.getByRole("table").locator("tbody tr td:first-child");
  // Layers that repeat themselves are one row, which opens.
  await expect(names).toHaveCount(6);
  await page.getByRole("button", { name: "×4 Identity" }).click();
  await expect(names).toHaveCount(10);
  await page.getByRole("columnheader", { name: "Params" }).getByRole("button").click();
  await expect(names.first()).toHaveText("fc2");
  await expect(page.getByRole("columnheader", { name: "Params" })).toHaveAttribute("aria-sort", "descending");
  await page.getByRole("columnheader", { name: "Layer" }).getByRole("button").click();
  await expect(names.first()).toHaveText("fc1");

  await button(page, "Copy as Markdown").click();
  await expect(page.getByRole("region", { name: /Notifications/ })).toContainText(
    "Copied the layers as Markdown.",
  );
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(
    "| fc2 | Linear | B, 64 | 4160 |",
  );
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    button(page, "Download as CSV").click(),
  ]);
  expect(download.suggestedFilename()).toBe("Layers layers.csv");

  await page.getByRole("table").getByRole("button", { name: "fc2" }).click();
  await expect(field(page, "Name of the node")).toHaveValue("fc2");
});
