import { button, card, expect, openSample, runButton, test } from "../support/page";

test("nodes are added, renamed, wired, undone and redone", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Edited";
  });
  const nodes = page.locator(".react-flow__node:not([data-id^='frame:'])");
  await expect(nodes).toHaveCount(15);
  await page.getByLabel("Search node types").fill("dropout");
  await page.keyboard.press("Enter");
  await expect(nodes).toHaveCount(16);
  await page.getByLabel("Name of the node").fill("my dropout");
  await page.keyboard.press("Enter");
  await expect(card(page, "dropout1")).toContainText("my dropout");

  await button(page, "Undo").click();
  await button(page, "Undo").click();
  await expect(nodes).toHaveCount(15);
  await button(page, "Redo").click();
  await button(page, "Redo").click();
  await expect(card(page, "dropout1")).toContainText("my dropout");
});

test("a wire of the wrong type is refused with the reason; one that fits is drawn", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Wired";
    graph.edges = graph.edges.filter((edge) => (edge as { target: string }).target !== "relu1");
  });
  const edges = page.locator(".react-flow__edge");
  await expect(edges.first()).toBeVisible();
  const before = await edges.count();
  const port = (node: string, name: string) =>
    card(page, node).locator(`.react-flow__handle[data-handleid="${name}"]`);

  await port("loss", "loss_fn").dragTo(port("relu1", "input"), { force: true });
  await expect(page.getByRole("region", { name: /Notifications/ })).toContainText(/loss/i);
  expect(await edges.count()).toBe(before);

  await port("fc1", "output").dragTo(port("relu1", "input"), { force: true });
  await expect(edges).toHaveCount(before + 1);
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
});

test("the ports of a card without rows take wires also after a reload", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Reloaded";
    graph.edges = graph.edges.filter((edge) => {
      const { source, target } = edge as { source: string; target: string };
      return source !== "relu1" && target !== "relu1";
    });
  });
  const edges = page.locator(".react-flow__edge");
  await expect(edges.first()).toBeVisible();
  // The document is there before the catalogue, which defines the ports of a card.
  await page.route("**/api/nodes", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await route.continue();
  });
  await page.reload();
  await expect(card(page, "relu1").locator(".react-flow__handle")).toHaveCount(2);
  const before = await edges.count();
  const port = (node: string, name: string) =>
    card(page, node).locator(`.react-flow__handle[data-handleid="${name}"]`);
  await port("fc1", "output").dragTo(port("relu1", "input"), { force: true });
  await expect(edges).toHaveCount(before + 1);
  await port("relu1", "output").dragTo(port("fc2", "input"), { force: true });
  await expect(edges).toHaveCount(before + 2);
});

test("a name that is edited on the card closes on Enter and on Escape", async ({ page }) => {
  await openSample(page);
  const field = card(page, "relu1").getByRole("textbox", { name: /^Name of/ });
  await card(page, "relu1").click();
  await page.keyboard.press("F2");
  await field.fill("first");
  await page.keyboard.press("Enter");
  await expect(field).toHaveCount(0);
  await expect(card(page, "relu1")).toContainText("first");
  await page.keyboard.press("F2");
  await field.fill("second");
  await page.keyboard.press("Escape");
  await expect(field).toHaveCount(0);
  await expect(card(page, "relu1")).toContainText("first");
});

test("folded side panels come back by a button", async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("[");
  await page.keyboard.press("]");
  await expect(page.getByLabel("Search node types")).toHaveCount(0);
  await button(page, "Show the library").click();
  await button(page, "Show the properties").click();
  await expect(page.getByLabel("Search node types")).toBeVisible();
  await expect(button(page, "Show the properties")).toHaveCount(0);
});

test("edits survive a reload and a version is saved", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Durable";
  });
  await card(page, "relu1").click();
  await page.keyboard.press("Control+b");
  await expect(page.getByText("Disabled: its input is passed through.")).toBeVisible();
  await expect(page.getByText("Draft kept on the server")).toBeVisible();
  await page.reload();
  await card(page, "relu1").click();
  await expect(page.getByText("Disabled: its input is passed through.")).toBeVisible();
  await page.keyboard.press("Control+s");
  await expect(page.getByText("Saved “Durable”, version 2.")).toBeVisible();
  await expect(page.getByText("All changes saved")).toBeVisible();
});

test("two tabs do not overwrite each other's edits", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Shared";
  });
  const other = await page.context().newPage();
  await other.goto("/");
  await expect(other.getByLabel("Name of the graph")).toHaveValue("Shared");
  await card(page, "relu1").click();
  await page.keyboard.press("Control+b");
  await expect(page.getByText("Draft kept on the server")).toBeVisible();

  await card(other, "relu2").click();
  await other.keyboard.press("Control+b");
  await expect(other.getByRole("dialog", { name: "This graph was changed elsewhere" })).toBeVisible();
  await button(other, "Load theirs").click();
  await expect(card(other, "relu1").getByRole("button", { name: /^Enable/ })).toBeAttached();
  await expect(card(other, "relu2").getByRole("button", { name: /^Disable/ })).toBeAttached();
  await other.close();
});

test("a click on a problem goes to its node, and Run with problems starts nothing", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Broken";
    for (const node of graph.nodes) if (node.id === "samples") node.params.file = "gone.csv";
  });
  await expect(page.getByRole("button", { name: /problem/ }).first()).toBeVisible();
  // It is marked as disabled for screen readers, and still explains why.
  await runButton(page).click({ force: true });
  await expect(page.getByRole("tab", { name: "Problems" })).toHaveAttribute("aria-selected", "true");
  await page
    .getByRole("button", { name: /gone\.csv/ })
    .first()
    .click();
  await expect(page.getByLabel("Name of the node")).toHaveValue("Samples");
  const runs = await page.request.get("/api/runs?search=Broken");
  expect(await runs.json()).toEqual([]);
});

test("without the server editing continues, a banner reports it, and the page reconnects automatically", async ({
  page,
  context,
}) => {
  await openSample(page, (graph) => {
    graph.name = "Offline";
  });
  await context.setOffline(true);
  await card(page, "relu1").click();
  await page.keyboard.press("Control+b");
  await expect(page.getByText("The VisDL server does not answer.", { exact: false }).first()).toBeVisible();
  await expect(page.getByText("Kept in this browser")).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText("Draft kept on the server")).toBeVisible();
  await expect(page.getByText("The VisDL server does not answer.", { exact: false })).toHaveCount(0);
});
