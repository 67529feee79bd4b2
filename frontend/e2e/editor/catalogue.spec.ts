import { expect, openSample, test } from "../support/page";

interface Info {
  type: string;
  display_name: string;
  inputs: Record<string, { is_handle: boolean }>;
}

test("every node type of the catalogue can be added, and its form has a field for each parameter", async ({
  page,
}) => {
  await openSample(page, (graph) => {
    graph.name = "All of them";
    graph.nodes = graph.nodes.slice(0, 1);
    graph.edges = [];
  });
  const catalogue = (await (await page.request.get("/api/nodes")).json()) as Record<string, Info>;
  const types = Object.values(catalogue).filter((info) => info.type !== "Block");
  expect(types.length).toBeGreaterThan(180);
  const search = page.getByLabel("Search node types");
  for (const info of types) {
    await search.fill(info.type);
    await page.keyboard.press("Enter");
    const id = `${info.type.toLowerCase()}1`;
    await expect(page.getByLabel("Name of the node"), info.type).toHaveValue(info.display_name);
    for (const [name, input] of Object.entries(info.inputs)) {
      if (!input.is_handle) await expect(page.locator(`#param-${id}-${name}`), info.type).toHaveCount(1);
    }
  }
  await expect(page.getByText(/Missing|undefined|NaN/)).toHaveCount(0);
});
