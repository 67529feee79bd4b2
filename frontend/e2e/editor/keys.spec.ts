/** The keyboard alone: palette, arrows, connecting, search, the outline; and text that is enlarged. */
import { card, expect, openSample, runButton, test } from "../support/page";

const nodes = ".react-flow__node-card";

test("the palette finds commands by synonyms, shows why one is not possible, and its keys", async ({
  page,
}) => {
  await openSample(page);
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Commands" });
  const search = palette.getByRole("combobox");
  await expect(search).toBeFocused();
  await page.keyboard.type("bypass");
  const disable = palette.getByRole("option", { name: /Disable or enable/ });
  await expect(disable).toContainText("Select a node first.");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("listitem").filter({ hasText: "Select a node first." })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(search).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+k");
  await expect(search).toBeFocused();
  await page.keyboard.type("projector");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("style", /--ui-scale: 1.25/);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("style", /--ui-scale: 1.25/);
  await expect(page.locator(nodes).first()).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(search).toBeFocused();
  await page.keyboard.type("smaller");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("style", /--ui-scale: 1;/);

  // The tooltip of what has the focus is there at once; Escape closes it.
  await runButton(page).focus();
  await expect(page.getByRole("tooltip")).toContainText("Train this graph");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("tooltip")).toHaveCount(0);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("tooltip")).toHaveCount(1);
});

test("arrows move what is selected, presses in a row are one step; Escape selects nothing", async ({
  page,
}) => {
  await openSample(page);
  const fc1 = page.locator(`${nodes}[data-id="fc1"]`);
  await fc1.focus();
  await page.keyboard.press("Enter");
  const before = await fc1.getAttribute("style");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(fc1).not.toHaveAttribute("style", before ?? "");
  await page.keyboard.press("Control+z");
  await expect(fc1).toHaveAttribute("style", before ?? "");
  await expect(fc1).toHaveClass(/selected/);
  await page.keyboard.press("Escape");
  await expect(fc1).not.toHaveClass(/selected/);
});

test("C draws a wire from a list, as one step", async ({ page }) => {
  await openSample(page);
  await page.locator(`${nodes}[data-id="relu1"]`).focus();
  await page.keyboard.press("Enter");
  const wires = page.locator(".react-flow__edge");
  const count = await wires.count();
  await page.keyboard.press("c");
  const list = page.getByRole("dialog", { name: /^Connect / });
  await expect(list.getByRole("combobox")).toBeFocused();
  await page.keyboard.type("output into");
  await expect(list.getByRole("option").first()).toContainText(/output into /);
  const replaces = await list.getByRole("option").first().textContent();
  await page.keyboard.press("Enter");
  await expect(wires).toHaveCount(replaces?.includes("replaces") ? count : count + 1);
  await page.keyboard.press("Control+z");
  await expect(wires).toHaveCount(count);
});

test("Ctrl F finds nodes, goes from one to the next, and ends at the last", async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("Control+f");
  const bar = page.getByRole("search", { name: "Find in graph" });
  await expect(bar.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("relu");
  await expect(bar.getByRole("status")).toHaveText("2 found");
  await expect(page.locator(".card-found")).toHaveCount(2);
  await page.keyboard.press("Enter");
  await expect(bar.getByRole("status")).toHaveText("1 of 2");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await expect(bar.getByRole("status")).toHaveText("1 of 2");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.press("Escape");
  await expect(bar).toHaveCount(0);
  await expect(page.locator(".card-found")).toHaveCount(0);
  await expect(page.locator(`${nodes}.selected`)).toBeFocused();
});

test("Tab leads from node to node, and to the wires of the one that is selected alone", async ({ page }) => {
  await openSample(page);
  const focusable = page.locator('.react-flow__edge[tabindex="0"]');
  await expect(focusable).toHaveCount(0);
  await page.locator(`${nodes}[data-id="fc1"]`).focus();
  await page.keyboard.press("Tab");
  await expect(page.locator(`${nodes}:focus, ${nodes} :focus`)).toHaveCount(1);
  await page.locator(`${nodes}[data-id="fc1"]`).focus();
  await page.keyboard.press("Enter");
  await expect(focusable.first()).toBeAttached();
});

test("the outline lists the graph and edits it by keys alone", async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("Control+Shift+O");
  const tree = page.getByRole("tree", { name: "Outline of the graph" });
  await expect(tree.getByRole("treeitem", { name: /^Model \d/ })).toBeVisible();
  await tree.getByRole("treeitem", { name: /^Data/ }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  await expect(tree.getByRole("treeitem", { name: /^Data/ })).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(tree.getByRole("treeitem", { name: /^Data/ })).toHaveAttribute("aria-expanded", "false");

  const row = (id: string) => tree.locator(`[data-node="${id}"]`);
  await row("relu1").click();
  await expect(row("relu1")).toHaveAttribute("aria-selected", "true");
  await expect(page.locator(`${nodes}[data-id="relu1"]`)).toHaveClass(/selected/);
  await page.keyboard.press("Control+b");
  await expect(card(page, "relu1").locator(".card-disabled")).toBeVisible();
  await page.keyboard.press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("gate");
  await page.keyboard.press("Enter");
  await expect(row("relu1")).toContainText("gate");
  await expect(row("relu1")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  const wire = tree.locator("[data-wire]:focus");
  await expect(wire).toBeVisible();
  const wires = page.locator(".react-flow__edge");
  const count = await wires.count();
  await page.keyboard.press("Delete");
  await expect(wires).toHaveCount(count - 1);
  await expect(tree.locator(":focus")).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await expect(wires).toHaveCount(count);

  await row("relu1").focus();
  await row("relu1").click({ button: "right" });
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("Escape");
  await row("relu1").focus();
  await page.keyboard.press("Delete");
  await expect(row("relu1")).toHaveCount(0);
  await page.keyboard.press("Control+z");
  await expect(row("relu1")).toBeVisible();
});

test("every command with keys is under the question mark", async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("Shift+?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  for (const title of ["Connect…", "Find in graph", "Show the outline", "Follow wire", "Undo"])
    await expect(help.getByRole("listitem").filter({ hasText: title }).first()).toBeVisible();
});
