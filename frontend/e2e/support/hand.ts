/** A small graph to be handled, and what a hand does on the canvas. */
import { expect, type Locator, type Page } from "@playwright/test";
import { card, openGraph, standsStill } from "./page";

const node = (id: string, type: string, x: number, y: number, params: object = {}) => ({
  id,
  type,
  name: id,
  disabled: false,
  version: 1,
  position: { x, y },
  params,
});
const wire = (from: string, to: string, input = "input") => ({
  source: from,
  source_output: "output",
  target: to,
  target_input: input,
});

/** fc1 → relu1 → fc2 above; a difference whose first input has a wire, a layer without wires, and a loss below. */
export const small = (name: string) => ({
  format: 1,
  name,
  blocks: {},
  nodes: [
    node("fc1", "Linear", 0, 0, { out_features: 8 }),
    node("relu1", "ReLU", 300, 0),
    node("fc2", "Linear", 600, 0, { out_features: 8 }),
    node("minus", "Subtract", 300, 170),
    node("spare", "Dropout", 620, 190),
    node("loss", "MSELoss", 0, 400),
  ],
  edges: [wire("fc1", "relu1"), wire("relu1", "fc2"), wire("fc1", "minus")],
});

export async function openSmall(page: Page, name: string): Promise<void> {
  await openGraph(page, small(name));
  await expect(wireOf(page, "fc1/output/relu1/input")).toBeAttached();
  await expect(port(page, "minus", "other")).toBeVisible();
}

export const port = (page: Page, id: string, name: string): Locator =>
  card(page, id).locator(`.react-flow__handle[data-handleid="${name}"]`);
export const wireOf = (page: Page, id: string): Locator => page.locator(`.react-flow__edge[data-id="${id}"]`);
export const title = (page: Page, id: string): Locator => card(page, id).locator(".card-header");
export const menu = (page: Page): Locator => page.getByRole("menu");
export const menuItem = (page: Page, name: string): Locator =>
  page.getByRole("menuitem", { name, exact: false });
export const quickAdd = (page: Page): Locator => page.getByRole("dialog", { name: "Add a node" });
export const toasts = (page: Page): Locator => page.getByRole("region", { name: /Notifications/ });

export const wires = (page: Page): Promise<string[]> =>
  page
    .locator(".react-flow__edge")
    .evaluateAll((all) => all.map((edge) => (edge as HTMLElement).dataset.id ?? "").sort());
export const expectWires = (page: Page, ids: string[]): Promise<void> =>
  expect.poll(() => wires(page)).toEqual([...ids].sort());
export const nodes = (page: Page): Promise<string[]> =>
  page
    .locator(".react-flow__node-card")
    .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.id ?? "").sort());
export const selected = (page: Page): Promise<string[]> =>
  page
    .locator(".react-flow__node-card.selected")
    .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.id ?? "").sort());

interface Spot {
  x: number;
  y: number;
}

export async function middle(locator: Locator): Promise<Spot> {
  await standsStill(locator.page());
  const box = await locator.boundingBox();
  if (!box) throw new Error("it is not drawn");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** A free spot: left of the middle, between the cards above and the loss. */
export async function freeSpot(page: Page): Promise<Spot> {
  const { x, y } = await middle(card(page, "loss"));
  return { x: x + 320, y };
}

/** The middle of a wire as it is drawn. */
export async function wireSpot(page: Page, id: string): Promise<Spot> {
  await standsStill(page);
  return wireOf(page, id)
    .locator(".react-flow__edge-path")
    .evaluate((element) => {
      const path = element as unknown as SVGPathElement;
      const { x, y } = path
        .getPointAtLength(path.getTotalLength() / 2)
        .matrixTransform(path.getScreenCTM() ?? new DOMMatrix());
      return { x, y };
    });
}

/** Presses at one spot and moves to another; the button stays down. */
export async function pull(page: Page, from: Spot, to: Spot): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x - 2, to.y, { steps: 8 });
  await page.mouse.move(to.x, to.y);
}

export async function dragOver(page: Page, from: Spot, to: Spot): Promise<void> {
  await pull(page, from, to);
  await page.mouse.up();
}

export async function undoTo(page: Page, ids: string[]): Promise<void> {
  await page.keyboard.press("Control+z");
  await expectWires(page, ids);
}
