/** Files in and out: what is dropped on the page, images that carry a graph, graphs that cannot be opened fully. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { button, card, expect, openGraph, openSample, sampleGraph, test } from "../support/page";

const toast = (page: Page, text: string | RegExp) =>
  page.locator("[data-sonner-toast]").filter({ hasText: text });

interface Dropped {
  name: string;
  type: string;
  bytes: Buffer | string;
}

/** Drags files over the page, reads its hint, and drops them. */
async function drop(page: Page, ...files: Dropped[]): Promise<string> {
  const carried = files.map(({ name, type, bytes }) => ({
    name,
    type,
    base64: Buffer.from(bytes).toString("base64"),
  }));
  const data = await page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const { name, type, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    return transfer;
  }, carried);
  const target = page.locator("#root > div").first();
  await target.dispatchEvent("dragenter", { dataTransfer: data });
  const hint = await page
    .getByRole("status")
    .filter({ hasText: "The open graph stays unchanged." })
    .innerText();
  await target.dispatchEvent("drop", { dataTransfer: data });
  return hint;
}

const json = (name: string, value: unknown): Dropped => ({
  name,
  type: "application/json",
  bytes: JSON.stringify(value),
});

async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill(title);
  await page.keyboard.press("Enter");
}

test("graphs open, tables are uploaded, and what cannot be used is named", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Stays";
  });
  const sample = await sampleGraph(page.request);
  const name = page.getByLabel("Name of the graph");

  const hint = await drop(
    page,
    json("one.json", { ...sample, name: "One" }),
    json("two.json", { ...sample, name: "Two" }),
  );
  expect(hint).toContain("Open 2 graph files as new graphs");
  await expect(toast(page, "Opened 2 graphs; this is two.json.")).toBeVisible();
  await expect(name).toHaveValue("Two");

  expect(
    await drop(page, { name: "flowers.csv", type: "text/csv", bytes: "a,b,t\n1,2,3\n4,5,6\n" }),
  ).toContain("Upload 1 table as a dataset");
  await button(toast(page, "Uploaded flowers.csv"), "Add a loader").click();
  await expect(page.locator(".react-flow__node").filter({ hasText: "flowers.csv" })).toBeVisible();
  await page.keyboard.press("Control+z");
  await expect(page.locator(".react-flow__node").filter({ hasText: "flowers.csv" })).toHaveCount(0);

  await drop(page, { name: "broken.json", type: "application/json", bytes: "{" });
  await expect(toast(page, "broken.json is not a graph file: it is not valid JSON.")).toBeVisible();
  await drop(
    page,
    json("workflow.json", { last_node_id: 9, nodes: [{ id: 1, type: "KSampler" }], links: [] }),
  );
  await expect(toast(page, "workflow.json is a ComfyUI workflow, not a graph file of VisDL.")).toBeVisible();
  await drop(page, json("newer.json", { format: 2, nodes: [] }));
  await expect(toast(page, "newer.json has format 2")).toBeVisible();
  await drop(page, { name: "cat.jpg", type: "image/jpeg", bytes: "x" });
  await expect(toast(page, "cat.jpg is neither a graph")).toBeVisible();
  await drop(page, { name: "cat.png", type: "image/png", bytes: "no picture" });
  await expect(toast(page, "cat.png: this is not a PNG image.")).toBeVisible();
  await expect(name).toHaveValue("Two");
});

for (const kind of ["png", "svg"] as const) {
  test(`a graph exported as ${kind.toUpperCase()} opens again when it is dropped`, async ({ page }) => {
    await openSample(page, (graph) => {
      graph.name = "Größe <&> 図";
    });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      runCommand(page, `Export as ${kind.toUpperCase()}`),
    ]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`\\.${kind}$`));
    const bytes = await readFile(await download.path());
    await runCommand(page, "New empty graph");
    await expect(page.getByLabel("Name of the graph")).toHaveValue("Untitled");
    const type = kind === "png" ? "image/png" : "image/svg+xml";
    expect(await drop(page, { name: `net.${kind}`, type, bytes })).toContain("Open the graph in the image");
    await expect(page.getByLabel("Name of the graph")).toHaveValue("Größe <&> 図");
    await expect(card(page, "relu1")).toBeVisible();
  });
}

test("a graph that cannot be opened fully lists what is missing, and keeps it", async ({ page }) => {
  const sample = await sampleGraph(page.request);
  const extra = {
    id: "odd",
    type: "FromTheFuture",
    name: "Odd",
    params: { deep: [1] },
    position: { x: 0, y: 400 },
  };
  const twin = { ...sample.nodes[0], name: "Twin", position: { x: 300, y: 400 } };
  const wire = { source: "odd", source_output: "out", target: "gone", target_input: "in" };
  await openGraph(page, {
    ...sample,
    name: "Damaged",
    nodes: [...sample.nodes, extra, twin as object],
    edges: [...sample.edges, wire],
  });
  const banner = page.getByRole("region", { name: "What is missing" });
  await expect(banner).toContainText("“Damaged” could not be opened fully: 3 things are missing here.");
  await button(banner, "What is missing").click();
  await expect(banner).toContainText("This server has no node type “FromTheFuture”.");
  await expect(banner).toContainText("Two nodes have the id");
  await expect(banner).toContainText("which does not exist");
  await banner.getByRole("button", { name: /^Show: Odd/ }).click();
  await expect(card(page, "odd")).toBeVisible();

  const [stored] = (await (await page.request.get("/api/graphs")).json()) as {
    id: string;
    has_draft: boolean;
  }[];
  expect(stored?.has_draft, "opening it writes nothing").toBe(false);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    runCommand(page, "Export graph file"),
  ]);
  const file = JSON.parse(await readFile(await download.path(), "utf8"));
  expect(file.nodes).toContainEqual(expect.objectContaining({ id: "odd", params: { deep: [1] } }));
  expect(file.edges).toContainEqual(wire);
});

test("safe mode opens the page without drawing the graph", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Safe";
  });
  await page.goto("/?safe");
  const safe = page.getByRole("region", { name: "Safe mode" });
  await expect(safe.getByRole("list", { name: "Nodes" })).toContainText("relu1");
  await expect(page.locator(".react-flow")).toHaveCount(0);
  await button(safe, "Versions…").click();
  await expect(page.getByRole("dialog", { name: "Versions of “Safe”" })).toBeVisible();
  await page.keyboard.press("Escape");
  await button(safe, "Draw the graph").click();
  await expect(card(page, "relu1")).toBeVisible();
});
