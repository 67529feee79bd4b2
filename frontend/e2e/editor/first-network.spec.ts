import { readFileSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "@playwright/test";
import { card, expect, expectState, openGraph, test } from "../support/page";

/** Most acts that a new user needs from the empty canvas to a network that trains. */
const MOST = 12;

for (const theme of ["light", "dark"] as const) {
  test(`pictures of the first network, ${theme} @screenshots`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    const picture = async (name: string): Promise<void> => {
      await page.mouse.move(700, 60);
      await page.waitForTimeout(800);
      await page.screenshot({ path: `../docs/images/${name}-${theme}.png` });
    };
    await build(
      page,
      (what) => what(),
      () => picture("first-layers"),
    );
    await picture("first-run");
  });
}

test("from the empty canvas to a three-layer network that trains, in at most twelve acts", async ({
  page,
}) => {
  let acts = 0;
  await build(page, (what) => {
    acts++;
    return what();
  });
  expect(acts).toBeLessThanOrEqual(MOST);
});

type Act = (what: () => Promise<unknown>) => Promise<unknown>;

/** The path of docs/first-network.md; `drawn` is called when the layers are there. */
async function build(page: Page, act: Act, drawn: () => Promise<void> = async () => {}): Promise<void> {
  // The newest table is trained on: other tests may have brought theirs.
  const buffer = readFileSync(path.resolve(import.meta.dirname, "../../../sample_data.csv"));
  const file = { name: "sample_data.csv", mimeType: "text/csv", buffer };
  expect((await page.request.post("/api/datasets", { multipart: { file } })).status()).toBe(201);
  await openGraph(page, { name: "My first network", nodes: [], edges: [] });
  const canvas = page.getByRole("region", { name: "Graph", exact: true });
  const add = (query: string) => async (): Promise<void> => {
    await page.getByRole("dialog", { name: "Add a node" }).getByRole("combobox").fill(query);
    await page.keyboard.press("Enter");
  };

  await act(() => canvas.dblclick({ position: { x: 250, y: 150 } }));
  await act(add("linear"));
  await act(() => dragAway(page, output(page, "linear1")));
  await act(add("relu"));
  await act(() => dragAway(page, output(page, "relu1")));
  await act(add("linear"));
  await act(async () => {
    await card(page, "linear2").getByLabel("out features").fill("1");
    await page.keyboard.press("Enter");
  });
  await drawn();
  await act(() => page.keyboard.press("Control+k"));
  await act(async () => {
    await page.getByPlaceholder("Search commands and nodes").fill("complete");
    await page.keyboard.press("Enter");
  });
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
  await act(() => page.keyboard.press("Control+Enter"));
  await expectState(page, "Completed");
}

const output = (page: Page, id: string): Locator =>
  card(page, id).locator('.react-flow__handle[data-handleid="output"]');

/** Drags a wire from a port to empty space. */
async function dragAway(page: Page, port: Locator): Promise<void> {
  const box = await port.boundingBox();
  if (!box) throw new Error("the port is not there");
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 60, y, { steps: 4 });
  await page.mouse.up();
}
