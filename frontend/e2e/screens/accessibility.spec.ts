/** The accessibility sweep: axe looks at every screen once, in both themes; see studies.spec.ts for studies. */
import type { Page } from "@playwright/test";
import { BANNER, CANVAS, DIALOG, DRAWER, expectAccessible, LEFT, MENU, RIGHT } from "../support/axe";
import { freeSpot, menu, openSmall, port, quickAdd, title, wireSpot } from "../support/hand";
import {
  button,
  card,
  expect,
  expectEnded,
  expectState,
  openGraph,
  openSample,
  openStarter,
  queueRuns,
  runButton,
  runCommand,
  sampleGraph,
  setParam,
  test,
} from "../support/page";

/** Selects a node by its title, or adds it to what is selected. */
const select = (page: Page, id: string, ...modifiers: "Shift"[]): Promise<void> =>
  card(page, id).click({ position: { x: 50, y: 10 }, modifiers });

test("the editor, its forms and its lists", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Forms";
    graph.nodes.push({ id: "conv", type: "Conv2d", disabled: false, params: {} });
  });
  await expectAccessible(page, "editor, and the model in the right panel");
  await select(page, "conv");
  await page.getByRole("textbox", { name: "kernel size", exact: true }).fill("0");
  await page.keyboard.press("Enter");
  await expectAccessible(page, "a refused value", RIGHT);
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "weight init" }).click();
  await expectAccessible(page, "a choice among many", DIALOG);
  await page.keyboard.press("Escape");
  await select(page, "fc1");
  await page.keyboard.press("Control+b");
  await expectAccessible(page, "a disabled node, and its properties", CANVAS, RIGHT);
  await page.keyboard.press("Control+z");
  await select(page, "samples");
  await expectAccessible(page, "column picker", RIGHT);
  await select(page, "fc1", "Shift");
  await select(page, "conv", "Shift");
  await expectAccessible(page, "several nodes", RIGHT);

  await page.keyboard.press("Control+f");
  await page.getByRole("search", { name: "Find in graph" }).getByRole("searchbox").fill("relu");
  await expect(page.locator(".card-found")).toHaveCount(2);
  await page.keyboard.press("Enter");
  await expectAccessible(page, "the find bar", CANVAS, "search");
  await page.keyboard.press("Escape");
  await page.locator('.react-flow__node-card[data-id="relu1"]').focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("c");
  const ports = page.getByRole("dialog", { name: /^Connect / });
  await expect(ports.getByRole("combobox")).toBeFocused();
  await page.keyboard.type("output into");
  await expect(ports.getByRole("option").first()).toContainText(/output into /);
  await expectAccessible(page, "the list of ports", DIALOG);
  await page.keyboard.press("Escape");

  await page.keyboard.press("Control+Shift+O");
  const tree = page.getByRole("tree", { name: "Outline of the graph" });
  await expect(tree.getByRole("treeitem", { name: /^Model \d/ })).toBeVisible();
  await expectAccessible(page, "the outline", LEFT);
  await tree.locator('[data-node="relu1"]').click({ button: "right" });
  await expect(menu(page)).toBeVisible();
  await expectAccessible(page, "a menu of the outline", MENU);
});

test("palette, starters, shortcuts, problems, graphs, datasets, and larger text", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Lists";
    setParam(graph, "Adam", "lr", 50);
  });
  await runCommand(page, "New from starter");
  await expect(page.getByRole("button", { name: /LeNet-5/ })).toBeVisible();
  await expectAccessible(page, "starters", DIALOG);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByPlaceholder("Search commands and nodes")).toBeFocused();
  await expectAccessible(page, "command palette", DIALOG);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await expectAccessible(page, "shortcuts", DIALOG);
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Problems" }).click();
  await expect(button(page, "Set lr to 0.001")).toBeVisible();
  await expectAccessible(page, "problems", DRAWER);
  await page.getByRole("tab", { name: "Graphs" }).click();
  await page.getByRole("searchbox", { name: "Search graphs" }).fill("lists");
  await expect(page.getByRole("list", { name: "Graphs", exact: true }).getByRole("listitem")).toHaveCount(1);
  await expectAccessible(page, "the list of graphs", LEFT);
  await page.getByRole("tab", { name: "Datasets" }).click();
  await page
    .getByRole("button", { name: /^sample_data\.csv/ })
    .first()
    .click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectAccessible(page, "dataset", DIALOG);
  await page.keyboard.press("Escape");
  await runCommand(page, "projector");
  await expect(page.locator("html")).toHaveAttribute("style", /--ui-scale: 1.25/);
  await expectAccessible(page, "larger text");
});

test("blocks, groups and notes", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Frames";
  });
  await select(page, "fc2");
  await select(page, "relu2", "Shift");
  await button(page, "Make a block").click();
  await expect(page.getByRole("dialog").getByLabel("Block name")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("2 nodes inside")).toBeVisible();
  await expectAccessible(page, "block", CANVAS, RIGHT);
  await page.keyboard.press("Alt+Enter");
  await expect(page.getByText("Exposed parameters")).toBeVisible();
  await expectAccessible(page, "inside a block");
  await page.keyboard.press("Alt+Backspace");
  await page.keyboard.press("Control+z");

  await select(page, "fc1");
  await select(page, "relu1", "Shift");
  await page.keyboard.press("Control+g");
  await page.keyboard.type("Encoder");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: /^Group Encoder, 2 nodes/ })).toBeVisible();
  await expectAccessible(page, "a group", CANVAS);
  await button(page, "More for the group Encoder").click();
  await expectAccessible(page, "the menu of a group", MENU);
  await page.keyboard.press("Escape");
  await button(page, "Fold Encoder").click();
  await expect(page.getByRole("region", { name: /^Group Encoder, 2 nodes, folded/ })).toBeVisible();
  await page.keyboard.press("n");
  await expect(page.getByLabel("Text of the note")).toBeFocused();
  await page.keyboard.type("Look at\nhttps://example.org/paper");
  await page.keyboard.press("Escape");
  await expect(page.locator(".react-flow__node-note").getByRole("link")).toBeVisible();
  await expectAccessible(page, "a folded group, and a note", CANVAS);
});

test("the menus of the canvas", async ({ page }) => {
  await openSmall(page, "Menus");
  await title(page, "relu1").click();
  await page.keyboard.press("Control+b");
  const spot = await freeSpot(page);
  const wire = await wireSpot(page, "relu1/output/fc2/input");
  const screens: [string, () => Promise<void>][] = [
    ["node menu", () => title(page, "relu1").click({ button: "right" })],
    ["menu of a node that cannot be disabled", () => title(page, "loss").click({ button: "right" })],
    ["wire menu", () => page.mouse.click(wire.x, wire.y, { button: "right" })],
    ["canvas menu", () => page.mouse.click(spot.x, spot.y, { button: "right" })],
  ];
  for (const [screen, open] of screens) {
    await open();
    await expect(menu(page)).toBeVisible();
    await expectAccessible(page, screen, MENU);
    await page.keyboard.press("Escape");
    await expect(menu(page)).toHaveCount(0);
  }
  await port(page, "fc2", "output").hover();
  await page.mouse.down();
  await page.mouse.move(spot.x, spot.y, { steps: 5 });
  await page.mouse.up();
  await expect(quickAdd(page)).toBeVisible();
  await expectAccessible(page, "quick-add", DIALOG);
});

test("a long model", async ({ page }) => {
  await openGraph(page, { ...(await sampleGraph(page.request)), name: "Before" });
  await openStarter(page, "ResNet18");
  await expect(card(page, "conv1").locator(".card-row")).toContainText("B×64×16×16");
  await expectAccessible(page, "a long model", CANVAS, RIGHT);
});

test("versions", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Versions";
  });
  await select(page, "relu1");
  await page.keyboard.press("Control+b");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("Saved “Versions”, version 2.")).toBeVisible();
  await page.keyboard.press("Control+Alt+s");
  const versions = page.getByRole("dialog", { name: /^Versions of/ });
  await versions.getByRole("button", { name: /^Version 1/ }).click();
  await expect(versions.getByRole("img", { name: /^The comparison, 1 change/ })).toBeVisible();
  await versions.getByRole("button", { name: "relu1 was disabled", exact: true }).click();
  await expectAccessible(page, "versions", DIALOG);
});

test("a graph that cannot be opened fully, and safe mode", async ({ page }) => {
  const sample = await sampleGraph(page.request);
  const odd = { id: "odd", type: "FromTheFuture", name: "Odd", params: {}, position: { x: 0, y: 400 } };
  await openGraph(page, { ...sample, name: "Damaged", nodes: [...sample.nodes, odd] });
  const banner = page.getByRole("region", { name: "What is missing" });
  await button(banner, "What is missing").click();
  await expect(banner).toContainText("This server has no node type “FromTheFuture”.");
  await expectAccessible(page, "what is missing", BANNER);
  await page.goto("/?safe");
  await expect(page.getByRole("region", { name: "Safe mode" })).toBeVisible();
  await expectAccessible(page, "safe mode");
});

test("training, results, runs and their comparison", async ({ page }) => {
  await openSample(page, (graph) => {
    graph.name = "Trained";
    setParam(graph, "TrainingLoop", "epochs", 20);
  });
  await runButton(page).click();
  await expectState(page, "Completed");
  await expect(page.getByRole("link", { name: /weights/ })).toBeVisible();
  await expectAccessible(page, "training and results");
  await page.getByRole("button", { name: "Show Loss as a table" }).click();
  await expectAccessible(page, "chart as a table", DRAWER);
  await page.getByRole("tab", { name: "Logs" }).click();
  await expect(page.getByRole("region", { name: "Lines" })).toContainText("Completed");
  await expectAccessible(page, "logs", DRAWER);

  await runButton(page).click();
  await expectState(page, "Completed");
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("Trained");
  const boxes = page.getByRole("checkbox", { name: /^Select Trained/ });
  await expect(boxes).toHaveCount(2);
  for (const box of await boxes.all()) await box.check();
  await expectAccessible(page, "runs", DRAWER);
  await button(page, "Compare").click();
  await expect(page.getByText("The same graph as A.")).toBeVisible();
  await expectAccessible(page, "comparison", DRAWER);
});

test("what is done with runs: tags, filters, deletion, the queue", async ({ page }) => {
  await page.setViewportSize({ width: 1024, height: 800 });
  await openSample(page);
  const item = page.getByRole("contentinfo").getByRole("button", { name: /training|waiting|Queue/ });
  await expect(item).toHaveText("Queue empty");
  await item.press("Enter");
  await expect(page.getByText("Nothing is training or waiting")).toBeVisible();
  await expectAccessible(page, "empty queue", DIALOG);
  await page.keyboard.press("Escape");

  await expectEnded(page, await queueRuns(page, 1, "Swept a", "Swept b"));
  await queueRuns(page, 1_000_000, "Swept c", "Waiting d", "Waiting e");
  await page.getByRole("tab", { name: "Runs" }).click();
  await page.getByLabel("Search runs").fill("Swept");
  await expect(page.getByText("3 runs", { exact: true })).toBeVisible();
  await button(page, "Swept a").press("F2");
  const dialog = page.getByRole("dialog", { name: "Name, tags and note" });
  await dialog.getByLabel("Tags", { exact: true }).fill("tagged");
  await page.keyboard.press("Enter");
  await dialog.getByLabel("Note").fill("The first of three");
  await expectAccessible(page, "name, tags and note", DIALOG);
  await button(dialog, "Save").click();
  for (const box of await page.getByRole("checkbox", { name: /^Select Swept/ }).all()) await box.check();
  const selection = page.getByRole("region", { name: "Selected runs" });
  await button(selection, "Tags…").click();
  await expect(page.getByRole("dialog").getByRole("button", { name: "Take tagged" }).first()).toBeVisible();
  await expectAccessible(page, "tags of many runs", DIALOG);
  await page.keyboard.press("Escape");
  await button(selection, "Delete…").click();
  await expect(page.getByText(/^One is kept/)).toBeVisible();
  await expectAccessible(page, "delete runs", DIALOG);
  await page.keyboard.press("Escape");
  await button(page, "Runs tagged tagged").first().click();
  await expect(page.getByText("1 run", { exact: true })).toBeVisible();
  await expectAccessible(page, "filtered runs");

  await item.press("Enter");
  await expect(page.getByRole("dialog", { name: "Queue" }).getByRole("listitem")).toHaveCount(3);
  await expectAccessible(page, "queue", DIALOG);
});

test("storage, and a disk that is nearly full", async ({ page }) => {
  await page.routeWebSocket(/\/ws\/system/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const stats = JSON.parse(String(message)) as object;
      socket.send(JSON.stringify({ ...stats, disk_free: 1.5 * 1024 ** 3, disk_total: 500 * 1024 ** 3 }));
    });
  });
  await openSample(page);
  await expectEnded(page, await queueRuns(page, 1, "Stored"));
  const disk = page.getByRole("contentinfo").getByRole("button", { name: /^Disk nearly full/ });
  await expect(disk).toBeVisible();
  await expectAccessible(page, "a disk that is nearly full", "footer");
  await disk.click();
  await expect(page.getByRole("dialog", { name: "Storage and clean-up" })).toContainText(
    "Weights and reports",
  );
  await expectAccessible(page, "storage and clean-up", DIALOG);
});
