/** The menus of the canvas: of a node, of several, of a wire and of the canvas itself. */
import type { Page } from "@playwright/test";
import {
  expectWires,
  freeSpot,
  menu,
  menuItem,
  nodes,
  openSmall,
  quickAdd,
  selected,
  title,
  undoTo,
} from "../support/hand";
import { card, expect, test } from "../support/page";

const WIRES = ["fc1/output/relu1/input", "relu1/output/fc2/input", "fc1/output/minus/input"];
const NODES = ["fc1", "fc2", "loss", "minus", "relu1", "spare"];

const openMenu = (page: Page, id: string): Promise<void> => title(page, id).click({ button: "right" });

async function choose(page: Page, id: string, name: string): Promise<void> {
  await openMenu(page, id);
  await menuItem(page, name).click();
}

test("the menu of a node renames, disables, copies, deletes and adds after it", async ({ page }) => {
  await openSmall(page, "Node menu");
  await choose(page, "relu1", "Rename");
  await expect(card(page, "relu1").getByRole("textbox")).toBeFocused();
  await page.keyboard.type("first");
  await page.keyboard.press("Enter");
  await expect(title(page, "relu1")).toContainText("first");

  await choose(page, "relu1", "Disable");
  await expect(card(page, "relu1").locator(".card-disabled")).toBeVisible();
  await expect(card(page, "relu1").locator(".card-pass path")).toHaveCount(1);
  await choose(page, "relu1", "Enable");
  await expect(card(page, "relu1").locator(".card-pass")).toHaveCount(0);

  await choose(page, "relu1", "Add a node after it");
  await expect(quickAdd(page).getByRole("combobox")).toBeFocused();
  await page.keyboard.type("tanh");
  await page.keyboard.press("Enter");
  await expectWires(page, [...WIRES, "relu1/output/tanh1/input"]);
  await undoTo(page, WIRES);

  await choose(page, "relu1", "Duplicate");
  await expect.poll(() => selected(page)).toEqual(["relu2"]);
  await page.keyboard.press("Control+z");
  await choose(page, "relu1", "Cut");
  await expectWires(page, WIRES.slice(2));
  const spot = await freeSpot(page);
  await page.mouse.click(spot.x, spot.y, { button: "right" });
  await menuItem(page, "Paste here").click();
  await expect.poll(() => nodes(page)).toContain("relu1");
  await page.keyboard.press("Control+z");
  await undoTo(page, WIRES);
  await choose(page, "relu1", "Copy");
  await page.mouse.click(spot.x, spot.y, { button: "right" });
  await menuItem(page, "Paste with inputs").click();
  await expectWires(page, [...WIRES, "fc1/output/relu2/input"]);
  await undoTo(page, WIRES);

  await choose(page, "relu1", "Delete and reconnect");
  await expectWires(page, ["fc1/output/fc2/input", "fc1/output/minus/input"]);
  await undoTo(page, WIRES);
  await openMenu(page, "relu1");
  await page.getByRole("menuitem", { name: /^Delete Del/ }).click();
  await expectWires(page, WIRES.slice(2));
  await undoTo(page, WIRES);
  await choose(page, "relu1", "Make a block");
  await expect(page.getByRole("dialog").getByLabel("Block name")).toBeFocused();
  await page.keyboard.press("Escape");
});

test("what a menu cannot do is greyed with the reason", async ({ page }) => {
  await openSmall(page, "Greyed");
  await openMenu(page, "loss");
  await expect(menuItem(page, "Disable")).toHaveAttribute("aria-disabled", "true");
  await expect(menuItem(page, "Disable")).toContainText(/Disable.*\./);
  await expect(menuItem(page, "Make a block")).toHaveAttribute("aria-disabled", "true");
  await expect(menu(page).getByText("There is nothing downstream to reconnect.")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await expect.poll(() => nodes(page)).toEqual([]);
  await page.locator(".react-flow__pane").click({ button: "right", position: { x: 60, y: 60 } });
  await expect(menuItem(page, "Select all")).toHaveAttribute("aria-disabled", "true");
  await expect(menu(page).getByText("There are no nodes here yet.").first()).toBeVisible();
});

test("the menu of several nodes aligns, fits, switches off and deletes them", async ({ page }) => {
  await openSmall(page, "Several");
  await title(page, "minus").click();
  await title(page, "spare").click({ modifiers: ["Control"] });
  const top = async (id: string) => Math.round((await card(page, id).boundingBox())?.y ?? 0);
  await choose(page, "minus", "Align tops");
  await expect.poll(async () => (await top("spare")) - (await top("minus"))).toBe(0);
  await page.keyboard.press("Control+z");
  await expect.poll(async () => (await top("spare")) - (await top("minus"))).not.toBe(0);
  await choose(page, "minus", "Disable");
  await expect(page.locator(".card-disabled")).toHaveCount(2);
  await page.keyboard.press("Control+z");
  await expect(page.locator(".card-disabled")).toHaveCount(0);
  await choose(page, "minus", "Fit selection in view");
  await openMenu(page, "minus");
  await page.getByRole("menuitem", { name: /^Delete Del/ }).click();
  await expect.poll(() => nodes(page)).toEqual(["fc1", "fc2", "loss", "relu1"]);
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);
});

test("the menu key and Shift F10 open the menu of the selection; it is used by keys", async ({ page }) => {
  await openSmall(page, "By keys");
  await title(page, "relu1").click();
  await page.keyboard.press("ContextMenu");
  await expect(menuItem(page, "Rename")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(menu(page)).toHaveCount(0);
  await expect.poll(() => selected(page)).toEqual(["relu1"]);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Shift+F10");
  await expect(menuItem(page, "Rename")).toBeVisible();
  // Letters look for an item; as commands they would move the selection, or delete it.
  await page.keyboard.press("k");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Control+z");
  await expectWires(page, WIRES);
  await page.keyboard.press("Escape");
  await expect(menu(page)).toHaveCount(0);
  await page.keyboard.press("ContextMenu");
  await expect(menuItem(page, "Rename")).toBeFocused();
  await page.keyboard.type("dis");
  // The focus follows the letters a moment later.
  await expect(menuItem(page, "Disable")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(card(page, "relu1").locator(".card-disabled")).toBeVisible();
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Escape");
  await expect.poll(() => selected(page)).toEqual([]);
  await page.keyboard.press("ContextMenu");
  await expect(menuItem(page, "Add a node")).toBeVisible();
});
