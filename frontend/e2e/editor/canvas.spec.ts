/** Wires, cards and menus by hand, each with its undo. */
import {
  dragOver,
  expectWires,
  freeSpot,
  menu,
  menuItem,
  middle,
  nodes,
  openSmall,
  port,
  pull,
  quickAdd,
  selected,
  title,
  toasts,
  undoTo,
  wireOf,
  wireSpot,
} from "../support/hand";
import { button, card, expect, test, viewOf } from "../support/page";

const WIRES = ["fc1/output/relu1/input", "relu1/output/fc2/input", "fc1/output/minus/input"];
const NODES = ["fc1", "fc2", "loss", "minus", "relu1", "spare"];

test.beforeEach(({ page }, { title: name }) => openSmall(page, name.slice(0, 60)));

test("a double-click on the canvas adds a node there; Esc closes the list", async ({ page }) => {
  const spot = await freeSpot(page);
  await page.mouse.dblclick(spot.x, spot.y);
  await expect(quickAdd(page).getByRole("combobox")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(quickAdd(page)).toHaveCount(0);
  await page.mouse.dblclick(spot.x, spot.y);
  await page.keyboard.type("tanh");
  await page.keyboard.press("Enter");
  await expect(card(page, "tanh1")).toBeVisible();
  const at = await card(page, "tanh1").boundingBox();
  expect(Math.abs((at?.x ?? 0) - spot.x)).toBeLessThan(20);
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);
});

test("a wire dropped on the canvas offers nodes that fit, and connects one in one step", async ({ page }) => {
  const spot = await freeSpot(page);
  await dragOver(page, await middle(port(page, "fc2", "output")), spot);
  const search = quickAdd(page).getByRole("combobox", { name: "Add a node that fits" });
  await expect(search).toBeFocused();
  await search.fill("evaluator");
  await expect(quickAdd(page).getByText("No node type fits.")).toBeVisible();
  await search.fill("subtract");
  await page.keyboard.press("Enter");
  await expectWires(page, [...WIRES, "fc2/output/subtract1/input"]);
  await page.keyboard.press("Control+z");
  await expectWires(page, WIRES);
  expect(await nodes(page)).toEqual(NODES);

  // From an input: the new node stands before it.
  await dragOver(page, await middle(port(page, "spare", "input")), spot);
  await search.fill("relu");
  await page.keyboard.press("Enter");
  await expectWires(page, [...WIRES, "relu2/output/spare/input"]);
  await undoTo(page, WIRES);
});

test("a wire dropped on a node takes the first free fitting port, which glows", async ({ page }) => {
  await pull(page, await middle(port(page, "relu1", "output")), await middle(title(page, "minus")));
  await expect(port(page, "minus", "other")).toHaveClass(/port-aim/);
  await page.mouse.up();
  await expectWires(page, [...WIRES, "relu1/output/minus/other"]);
  await undoTo(page, WIRES);
});

test("a rejected wire reports why and names both ends, on a node and on a port", async ({ page }) => {
  const from = await middle(port(page, "loss", "loss_fn"));
  await pull(page, from, await middle(title(page, "fc2")));
  await expect(page.locator(".wire-reason")).toHaveText("No input of fc2 takes the loss fn of loss.");
  await page.mouse.up();
  await expect(toasts(page)).toContainText("No input of fc2 takes the loss fn of loss.");
  await dragOver(page, from, await middle(port(page, "minus", "other")));
  await expect(toasts(page)).toContainText("“other” of minus takes a layer, not the loss fn of loss.");
  await dragOver(page, await middle(port(page, "fc2", "output")), await middle(port(page, "fc1", "input")));
  await expect(toasts(page)).toContainText("fc1 already leads to fc2: this wire would close a cycle.");
  await expectWires(page, WIRES);
  await expect(button(page, "Undo")).toBeDisabled();
});

test("a wire's end goes to another port, or with the wire on the canvas", async ({ page }) => {
  const end = await middle(port(page, "minus", "input"));
  // The port itself begins a new wire; its wire's end lies just before it.
  const grip = await wireOf(page, "fc1/output/minus/input")
    .locator(".react-flow__edgeupdater-target")
    .boundingBox();
  const start = { x: (grip?.x ?? end.x) + 3, y: (grip?.y ?? 0) + (grip?.height ?? 0) / 2 };
  await dragOver(page, start, await middle(port(page, "minus", "other")));
  await expectWires(page, [...WIRES.slice(0, 2), "fc1/output/minus/other"]);
  await undoTo(page, WIRES);
  await dragOver(page, start, await middle(title(page, "spare")));
  await expectWires(page, [...WIRES.slice(0, 2), "fc1/output/spare/input"]);
  await undoTo(page, WIRES);
  await dragOver(page, start, await freeSpot(page));
  await expectWires(page, WIRES.slice(0, 2));
  await undoTo(page, WIRES);
  await pull(page, start, await freeSpot(page));
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await expectWires(page, WIRES);
});

test("a new wire takes the place of the one that an input had", async ({ page }) => {
  await dragOver(
    page,
    await middle(port(page, "relu1", "output")),
    await middle(port(page, "minus", "input")),
  );
  await expectWires(page, [...WIRES.slice(0, 2), "relu1/output/minus/input"]);
  await undoTo(page, WIRES);
});

test("Esc and a right click give up a wire that is drawn", async ({ page }) => {
  const [from, to] = [
    await middle(port(page, "relu1", "output")),
    await middle(port(page, "minus", "other")),
  ];
  await pull(page, from, to);
  await page.keyboard.press("Escape");
  await expect(page.locator(".react-flow__connection")).toHaveCount(0);
  await page.mouse.up();
  await expectWires(page, WIRES);

  const spot = await freeSpot(page);
  await pull(page, from, spot);
  await page.mouse.down({ button: "right" });
  await page.mouse.up({ button: "right" });
  await expect(page.locator(".react-flow__connection")).toHaveCount(0);
  await page.mouse.up();
  await expect(menu(page)).toHaveCount(0);
  await expect(quickAdd(page)).toHaveCount(0);
  await expectWires(page, WIRES);
  await expect(page.locator(".port-fits, .port-dim")).toHaveCount(0);
});

test("a drag is one step; Esc gives it up", async ({ page }) => {
  const place = () => card(page, "spare").boundingBox();
  const before = await place();
  const from = await middle(title(page, "spare"));
  await pull(page, from, { x: from.x - 40, y: from.y + 150 });
  await expect.poll(place).not.toEqual(before);
  await page.keyboard.press("Escape");
  await expect.poll(place).toEqual(before);
  await page.mouse.move(from.x - 60, from.y + 120);
  await page.mouse.up();
  expect(await place()).toEqual(before);
  await expect(button(page, "Undo")).toBeDisabled();

  await dragOver(page, from, { x: from.x - 40, y: from.y + 150 });
  await expect.poll(place).not.toEqual(before);
  await page.keyboard.press("Control+z");
  await expect.poll(place).toEqual(before);
  await expect(button(page, "Undo")).toBeDisabled();
});

test("a card that is deleted while it is dragged is gone, and one undo brings it back", async ({ page }) => {
  const from = await middle(title(page, "spare"));
  await pull(page, from, { x: from.x - 40, y: from.y + 150 });
  await page.keyboard.press("Delete");
  await expect(card(page, "spare")).toHaveCount(0);
  await page.mouse.move(from.x - 80, from.y + 100, { steps: 3 });
  await page.mouse.up();
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);
  await expect(page.locator(".guides")).toHaveCount(0);
  // What follows is an ordinary drag.
  const other = await middle(title(page, "loss"));
  await dragOver(page, other, { x: other.x + 100, y: other.y + 40 });
  await expect(button(page, "Undo")).toBeEnabled();
});

test("an undo in the middle of a gesture leaves no trace", async ({ page }) => {
  const spot = await freeSpot(page);
  const add = async (): Promise<void> => {
    await page.mouse.dblclick(spot.x, spot.y);
    await page.keyboard.type("tanh");
    await page.keyboard.press("Enter");
    await expect(card(page, "tanh1")).toBeVisible();
  };
  const away = { x: spot.x + 60, y: spot.y + 110 };
  await add();
  await pull(page, await middle(port(page, "tanh1", "output")), away);
  await page.keyboard.press("Control+z");
  await page.mouse.move(away.x + 20, away.y);
  await page.mouse.up();
  await expect.poll(() => nodes(page)).toEqual(NODES);
  await expect(quickAdd(page)).toHaveCount(0);
  await expect(page.locator(".port-fits, .port-dim")).toHaveCount(0);

  await add();
  await pull(page, await middle(title(page, "tanh1")), away);
  await page.keyboard.press("Control+z");
  await page.mouse.move(away.x + 20, away.y);
  await page.mouse.up();
  await expect.poll(() => nodes(page)).toEqual(NODES);
  await expect(button(page, "Undo")).toBeDisabled();
});

test("what is dragged from the palette comes into a wire; Alt prevents that", async ({ page }) => {
  await page.getByLabel("Search node types").fill("tanh");
  const entry = page.locator("[data-item]").filter({ hasText: /^Tanh$/ });
  const spot = await freeSpot(page);
  await dragOver(page, await middle(entry), spot);
  await expect(card(page, "tanh1")).toBeVisible();
  await page.keyboard.press("Control+z");
  await expect.poll(() => nodes(page)).toEqual(NODES);

  const on = await wireSpot(page, "relu1/output/fc2/input");
  await pull(page, await middle(entry), on);
  await expect(page.locator(".wire-insertion")).toHaveCount(1);
  await expect(page.getByText("Drop to insert here")).toBeVisible();
  await page.mouse.up();
  await expectWires(page, [
    WIRES[0] ?? "",
    WIRES[2] ?? "",
    "relu1/output/tanh1/input",
    "tanh1/output/fc2/input",
  ]);
  await undoTo(page, WIRES);
  expect(await nodes(page)).toEqual(NODES);

  await page.keyboard.down("Alt");
  await pull(page, await middle(entry), on);
  await expect(page.locator(".wire-insertion")).toHaveCount(0);
  await page.mouse.up();
  await page.keyboard.up("Alt");
  await expect(card(page, "tanh1")).toBeVisible();
  await expectWires(page, WIRES);
});

test("a double-click on a wire, and its menu, put a node into it; the menu deletes it", async ({ page }) => {
  const id = "relu1/output/fc2/input";
  const on = await wireSpot(page, id);
  const inserted = [WIRES[0] ?? "", WIRES[2] ?? "", "relu1/output/tanh1/input", "tanh1/output/fc2/input"];
  await page.mouse.dblclick(on.x, on.y);
  await page.keyboard.type("tanh");
  await page.keyboard.press("Enter");
  await expectWires(page, inserted);
  await undoTo(page, WIRES);

  await page.mouse.click(on.x, on.y, { button: "right" });
  await menuItem(page, "Insert a node here").click();
  await expect(quickAdd(page).getByRole("combobox")).toBeFocused();
  await page.keyboard.type("tanh");
  await page.keyboard.press("Enter");
  await expectWires(page, inserted);
  await undoTo(page, WIRES);

  const view = await viewOf(page);
  await page.mouse.click(on.x, on.y, { button: "right" });
  await menuItem(page, "Go to relu1").click();
  await expect.poll(() => selected(page)).toEqual(["relu1"]);
  await expect.poll(() => viewOf(page)).not.toBe(view);
  const there = await wireSpot(page, id);
  await page.mouse.click(there.x, there.y, { button: "right" });
  await menuItem(page, "Delete the wire").click();
  await expectWires(
    page,
    WIRES.filter((one) => one !== id),
  );
  await undoTo(page, WIRES);
});

test("Alt Delete reconnects the neighbours and reports what it could not reconnect", async ({ page }) => {
  await title(page, "fc1").click();
  await page.keyboard.press("Alt+Delete");
  await expect(toasts(page)).toContainText("2 wires could not be reconnected: into relu1 and minus.");
  await undoTo(page, WIRES);
  await title(page, "relu1").click();
  await page.keyboard.press("Alt+Delete");
  await expectWires(page, ["fc1/output/fc2/input", "fc1/output/minus/input"]);
  await undoTo(page, WIRES);
});

test("cards are held where they are aligned; the canvas's menu switches that off for good", async ({
  page,
}) => {
  const from = await middle(title(page, "spare"));
  const goal = await middle(title(page, "fc2"));
  const near = { x: goal.x + 1, y: goal.y + 240 };
  const left = async (id: string) => (await card(page, id).boundingBox())?.x;
  await pull(page, from, near);
  await expect(page.locator(".guides line")).not.toHaveCount(0);
  expect(await left("spare")).toBeCloseTo((await left("fc2")) ?? 0, 0);
  await page.keyboard.press("Escape");
  await expect(page.locator(".guides")).toHaveCount(0);
  await page.mouse.up();

  const spot = await freeSpot(page);
  await page.mouse.click(spot.x, spot.y, { button: "right" });
  await menuItem(page, "Turn snapping off").click();
  await page.reload();
  await expect(port(page, "minus", "other")).toBeVisible();
  await pull(page, await middle(title(page, "spare")), near);
  await expect(card(page, "spare")).toHaveClass(/dragging/);
  await expect(page.locator(".guides")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await page.mouse.click(spot.x, spot.y, { button: "right" });
  await menuItem(page, "Turn snapping on").click();
});

test("Shift draws a rectangle, Ctrl toggles, Esc selects nothing", async ({ page }) => {
  const [a, b] = [await card(page, "fc1").boundingBox(), await card(page, "relu1").boundingBox()];
  if (!a || !b) throw new Error("no cards");
  await page.keyboard.down("Shift");
  await dragOver(page, { x: a.x - 14, y: a.y + a.height + 8 }, { x: b.x + b.width + 15, y: b.y - 4 });
  await page.keyboard.up("Shift");
  await expect.poll(() => selected(page)).toEqual(["fc1", "relu1"]);
  // Another one is given up: what was selected is selected again.
  await page.keyboard.down("Shift");
  await pull(page, { x: a.x - 14, y: a.y + a.height + 8 }, { x: a.x + a.width, y: a.y - 4 });
  await expect(page.locator(".react-flow__selection")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.mouse.move(a.x, a.y, { steps: 3 });
  await expect(page.locator(".react-flow__selection")).toHaveCount(0);
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await expect.poll(() => selected(page)).toEqual(["fc1", "relu1"]);
  await page.mouse.click(a.x + 60, a.y + 20, { button: "right" });
  await expect(menuItem(page, "Align left edges")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(menu(page)).toHaveCount(0);
  await expect.poll(() => selected(page)).toEqual(["fc1", "relu1"]);
  await title(page, "fc2").click({ modifiers: ["Control"] });
  await expect.poll(() => selected(page)).toEqual(["fc1", "fc2", "relu1"]);
  await title(page, "fc2").click({ modifiers: ["Control"] });
  await expect.poll(() => selected(page)).toEqual(["fc1", "relu1"]);
  await page.keyboard.press("Escape");
  await expect.poll(() => selected(page)).toEqual([]);
});
