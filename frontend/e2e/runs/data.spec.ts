import { button, expect, expectState, openSample, runButton, test } from "../support/page";

/** Two clouds of points, far enough apart that any classifier separates them; no point is there twice. */
function clouds(rows: number, first = 0): string {
  const line = (i: number): string => {
    const far = i % 2 === 0;
    const spread = ((i * 7919) % 1009) / 1009;
    return `${(far ? 3 : -3) + spread},${(far ? -2 : 2) - spread},${far ? "spruce" : "oak"}`;
  };
  return ["height,width,tree", ...Array.from({ length: rows }, (_, i) => line(first + i))].join("\n");
}

test("a table is uploaded, looked at, put on the canvas and deleted", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("tab", { name: "Datasets" }).click();
  await page
    .getByLabel("CSV files to upload")
    .setInputFiles({ name: "trees.csv", mimeType: "text/csv", buffer: Buffer.from(clouds(300)) });
  await page.getByRole("button", { name: /^trees\.csv/ }).click();
  const dialog = page.getByRole("dialog", { name: "trees.csv" });
  await expect(dialog.getByText("300 rows, 3 columns", { exact: false })).toBeVisible();
  await expect(dialog.getByRole("columnheader", { name: /tree/ })).toContainText("2 values");
  await expect(dialog.getByRole("img", { name: "Histogram of height" })).toBeVisible();
  await button(dialog, "Next rows").click();
  await expect(dialog.getByText("Rows 101 to 200 of 300")).toBeVisible();
  await button(dialog, "Close").click();

  await button(page, "More for trees.csv").click();
  await page.getByRole("menuitem", { name: "Add to the canvas" }).click();
  await expect(page.getByRole("complementary", { name: "Properties" })).toContainText("trees.csv");
  await page.keyboard.press("Control+z");
  await button(page, "More for trees.csv").click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await button(page, "Delete dataset").click();
  await expect(page.getByRole("button", { name: /^trees\.csv/ })).toHaveCount(0);
});

test("a file that is not a table is rejected with a sentence", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("tab", { name: "Datasets" }).click();
  await page
    .getByLabel("CSV files to upload")
    .setInputFiles({ name: "empty.csv", mimeType: "text/csv", buffer: Buffer.from("") });
  await expect(page.getByRole("region", { name: /Notifications/ })).toContainText(/empty/i);
});

test("text labels become classes, and the results show accuracy and a confusion matrix", async ({ page }) => {
  for (const [name, rows, first] of [
    ["forest.csv", 200, 0],
    ["forest test.csv", 60, 200],
  ] as const) {
    const file = { name, mimeType: "text/csv", buffer: Buffer.from(clouds(rows, first)) };
    expect((await page.request.post("/api/datasets", { multipart: { file } })).status()).toBe(201);
  }
  await openSample(page, (graph) => {
    graph.name = "Forest";
    for (const node of graph.nodes) {
      if (node.type === "CSVLoader") {
        const file = node.id === "test" ? "forest test.csv" : "forest.csv";
        node.params = { file, input_columns: "height, width", target_columns: "tree" };
      }
      if (node.type === "MSELoss") node.type = "CrossEntropyLoss";
      if (node.type === "TrainingLoop") node.params.epochs = 20;
    }
  });
  // One output for two classes: the problem names the node and the remedy.
  await page
    .getByRole("button", { name: /problem/ })
    .first()
    .click();
  await expect(page.getByRole("tab", { name: "Problems" })).toHaveAttribute("aria-selected", "true");
  const problem = page.getByRole("button", { name: /2 classes/ }).first();
  await problem.click();
  await page.getByLabel("out features", { exact: true }).last().fill("2");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();

  await runButton(page).click();
  await expectState(page, "Completed");
  await expect(page.getByTestId("test_accuracy")).toHaveText("1");
  await expect(page.getByText("spruce").first()).toBeVisible();
});

test("several labels have a confusion and scores each, and mistakes name row and label", async ({ page }) => {
  const rows = Array.from({ length: 24 }, (_, i) => {
    const [a, b] = [Math.sin(i * 7), Math.cos(i * 5)];
    return [a, b, Number(a > 0), Number(b > 0), i % 2].join(",");
  });
  const file = {
    name: "weather.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(["a,b,wet,cold,dark", ...rows].join("\n")),
  };
  expect((await page.request.post("/api/datasets", { multipart: { file } })).status()).toBe(201);
  await openSample(page, (graph) => {
    graph.name = "Weather";
    const layers = graph.nodes.filter((node) => node.type === "Linear");
    for (const node of graph.nodes) {
      if (node.type === "CSVLoader")
        node.params = { file: "weather.csv", input_columns: "a, b", target_columns: "wet, cold, dark" };
      if (node.type === "MSELoss") node.type = "BCEWithLogitsLoss";
      if (node.type === "TrainingLoop") node.params.epochs = 5;
      if (node === layers.at(-1)) node.params.out_features = 3;
    }
  });
  await runButton(page).click();
  await expectState(page, "Completed");
  const matrices = page.getByRole("figure", { name: "Confusion by target column" });
  await expect(matrices).toContainText("24 test rows");
  await expect(matrices.getByRole("table")).toHaveCount(3);
  const scores = page.getByRole("figure", { name: "Scores by label" });
  await expect(scores.getByRole("row")).toHaveText([/^Label/, /^wet/, /^cold/, /^dark/]);
  const mistakes = page.getByRole("figure", { name: "Worst mistakes" });
  await expect(mistakes.getByRole("columnheader")).toHaveText([
    "Row",
    "Column",
    "True",
    "Predicted",
    "Confidence",
  ]);
  const [first] = await mistakes.getByRole("row").nth(1).getByRole("cell").allTextContents();
  expect(Number(first)).toBeGreaterThanOrEqual(1);
  expect(Number(first)).toBeLessThanOrEqual(24);
});

test("a large target is scaled by a click: the loss states it, and files state what is left to do", async ({
  page,
}) => {
  const line = (i: number): string => `${i / 60},${((i * 7) % 60) / 60},${200_000 + 1500 * ((i * 11) % 60)}`;
  const text = ["size,age,price", ...Array.from({ length: 60 }, (_, i) => line(i))].join("\n");
  const file = { name: "prices.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  expect((await page.request.post("/api/datasets", { multipart: { file } })).status()).toBe(201);
  await openSample(page, (graph) => {
    graph.name = "Prices";
    for (const node of graph.nodes) {
      if (node.type === "CSVLoader") {
        node.params = { file: "prices.csv", input_columns: "size, age", target_columns: "price" };
      }
      if (node.type === "TrainingLoop") node.params.epochs = 20;
    }
  });
  await page.getByRole("tab", { name: "Problems" }).click();
  await button(page, "Standardize the target").click();
  await expect(button(page, "Standardize the target")).toHaveCount(0);
  await runButton(page).click();
  await expectState(page, "Completed");
  await expect(page.getByRole("figure", { name: "Loss", exact: true })).toContainText(
    "of the standardized target",
  );
  await expect(page.getByRole("figure", { name: "MAE" })).not.toContainText("standardized");
  await expect(page.getByRole("link", { name: /predictions\.parquet/ })).toBeVisible();
  await expect(page.getByRole("region", { name: "How to use model.safetensors" })).toContainText(
    "Predictions of 'price' are",
  );
});
