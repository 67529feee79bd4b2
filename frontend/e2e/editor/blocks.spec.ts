import type { Page } from "@playwright/test";
import { button, card, expect, openSample, setParam, test } from "../support/page";

/** The number on the wire that leaves the model. */
const parameters = (page: Page, count: string) =>
  expect(page.getByText(`${count} parameters`).first()).toBeVisible();

async function makeBlock(page: Page, name: string, first: string, second: string): Promise<void> {
  await card(page, first).click({ position: { x: 50, y: 10 } });
  await card(page, second).click({ position: { x: 50, y: 10 }, modifiers: ["Shift"] });
  await button(page, "Make a block").click();
  await page.getByRole("dialog").getByLabel("Block name").fill(name);
  await page.keyboard.press("Enter");
}

test("layers become a block, which is repeated, opened, edited, switched off and expanded", async ({
  page,
}) => {
  await openSample(page, (graph) => {
    graph.name = "With a block";
  });
  const nodes = page.locator(".react-flow__node:not([data-id^='frame:'])");
  await expect(nodes).toHaveCount(15);
  await parameters(page, "4,417");
  await makeBlock(page, "Hidden", "fc2", "relu2");
  await expect(nodes).toHaveCount(14);
  await expect(card(page, "hidden")).toBeVisible();
  await parameters(page, "4,417");

  await page.locator("#param-hidden-repeat").fill("3");
  await page.keyboard.press("Enter");
  await parameters(page, "12,737");
  await expect(card(page, "hidden")).toContainText("×3");

  await card(page, "hidden").click({ position: { x: 50, y: 10 } });
  await page.keyboard.press("Alt+Enter");
  await expect(card(page, "fc2")).toBeVisible();
  await expect(card(page, "fc1")).toHaveCount(0);
  await card(page, "fc2").click({ position: { x: 50, y: 10 } });
  await page.locator("#param-fc2-bias").click();
  await page.getByRole("navigation").getByRole("button", { name: "With a block" }).click();
  await parameters(page, "12,545");

  await card(page, "hidden").click({ position: { x: 50, y: 10 } });
  await page.keyboard.press("Control+b");
  await parameters(page, "257");
  await page.keyboard.press("Control+z");
  await parameters(page, "12,545");

  await page.locator("#param-hidden-repeat").fill("");
  await page.keyboard.press("Enter");
  await parameters(page, "4,353");
  await button(page, "Expand").click();
  await expect(nodes).toHaveCount(15);
  await parameters(page, "4,353");
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
});

test("layers that repeat become one block with a count, which computes the same", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Repeats";
    const [fc, relu] = ["fc2", "relu2"].map((id) => graph.nodes.find((node) => node.id === id));
    const edges = graph.edges as { source: string; target: string }[];
    const wire = edges.find((edge) => edge.source === "fc2" && edge.target === "relu2");
    const last = edges.find((edge) => edge.source === "relu2");
    if (!fc || !relu || !wire || !last) throw new Error("the sample network has another shape");
    for (const time of ["b", "c"]) {
      const before = time === "b" ? "relu2" : "relu_b";
      graph.nodes.push({ ...fc, id: `fc_${time}`, name: "" }, { ...relu, id: `relu_${time}`, name: "" });
      edges.push({ ...wire, source: before, target: `fc_${time}` });
      edges.push({ ...wire, source: `fc_${time}`, target: `relu_${time}` });
    }
    last.source = "relu_c";
  });
  await parameters(page, "12,737");
  await page.getByRole("button", { name: /^×3/ }).click();
  await button(page, "Make one block ×3").click();
  await expect(page.locator(".react-flow__node[data-id^='block_1']")).toContainText("×3");
  await parameters(page, "12,737");
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
  await page.keyboard.press("Control+z");
  await expect(card(page, "relu_c")).toBeVisible();
  await expect(page.locator(".react-flow__node[data-id^='block_1']")).toHaveCount(0);
});

test("a block that is kept is there for another graph", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Makes a block";
  });
  await makeBlock(page, "Mine to keep", "fc2", "relu2");
  await button(page, "Save to my blocks").click();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill("New empty graph");
  await page.keyboard.press("Enter");
  await expect(page.getByText("This graph is empty")).toBeVisible();
  await page.getByLabel("Search node types").fill("mine to keep");
  await button(page, "Mine to keep").dblclick();
  await expect(page.locator(".react-flow__node:not([data-id^='frame:'])")).toHaveCount(1);
});

test("a warning is fixed by a click, as one step", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Too fast";
    setParam(graph, "Adam", "lr", 50);
  });
  await page.getByRole("tab", { name: "Problems" }).click();
  await expect(page.getByText(/A learning rate of 50 is outside the usual range/)).toBeVisible();
  await button(page, "Set lr to 0.001").click();
  await expect(page.getByText("No problems")).toBeVisible();
  await expect(page.locator("#param-adam-lr")).toHaveValue("0.001");
  await button(page, "Undo").click();
  await expect(page.getByRole("button", { name: /A learning rate of 50/ })).toBeVisible();
});

test("sizes are typed as a number, as several, or as a word", async ({ page }) => {
  await openSample(page);
  await page.getByLabel("Search node types").fill("conv2d");
  await page.keyboard.press("Enter");
  const kernel = page.locator("#param-conv2d1-kernel_size");
  await kernel.fill("3 x 1");
  await page.keyboard.press("Enter");
  await expect(kernel).toHaveValue("3, 1");
  const padding = page.locator("#param-conv2d1-padding");
  await padding.fill("Same");
  await page.keyboard.press("Enter");
  await expect(padding).toHaveValue("same");
  await padding.fill("some");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/“some” is neither/)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(padding).toHaveValue("same");
});
