import type { Page } from "@playwright/test";
import { expect, openSample, test } from "../support/page";

interface Info {
  type: string;
  display_name: string;
  inputs: Record<string, { is_handle: boolean }>;
}

/** So many nodes are on the canvas at most: each takes the longer, the more there are. */
const TOGETHER = 40;

/** Without SLOW=1, every third node type is added. */
const SHARE = 3;

test("node types of the catalogue can be added, and their forms have a field for each parameter", async ({
  page,
}) => {
  await openSample(page, (graph) => {
    graph.name = "All of them";
    graph.nodes = graph.nodes.slice(0, 1);
    graph.edges = [];
  });
  const catalogue = (await (await page.request.get("/api/nodes")).json()) as Record<string, Info>;
  const all = Object.values(catalogue).filter((info) => info.type !== "Block");
  expect(all.length).toBeGreaterThan(180);
  const types = all.filter((_, index) => process.env.SLOW || index % SHARE === 0);
  const search = page.getByLabel("Search node types");
  const name = page.getByLabel("Name of the node");
  for (const [index, info] of types.entries()) {
    await search.fill(info.type);
    await page.keyboard.press("Enter");
    await expect(name, info.type).toHaveValue(info.display_name);
    const prefix = `param-${info.type.toLowerCase()}1-`;
    const params = Object.keys(info.inputs).filter((input) => !info.inputs[input]?.is_handle);
    await expect
      .poll(() => fieldsWith(page, prefix), { message: info.type })
      .toEqual(expect.arrayContaining(params.map((param) => prefix + param)));
    if (index % TOGETHER < TOGETHER - 1 && index < types.length - 1) continue;
    await expect(page.getByText(/Missing|undefined|NaN/)).toHaveCount(0);
    await search.blur();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await expect(page.locator(".react-flow__node")).toHaveCount(0);
  }
});

const fieldsWith = (page: Page, prefix: string): Promise<string[]> =>
  page.locator(`[id^="${prefix}"]`).evaluateAll((all) => all.map((field) => field.id));
