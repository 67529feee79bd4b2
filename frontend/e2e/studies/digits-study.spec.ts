/** The study that the product is measured by, by hand: digits, eight variants, ten seeds. SLOW=1 runs it. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import type { Download, Locator, Page } from "@playwright/test";
import { button, card, expect, runButton, test } from "../support/page";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const SEEDS = 10;
const PARTS = ["norm", "relu1", "fc2", "relu2", "drop", "fc3", "fc4"];

/** The 1,797 digits of scikit-learn: 64 columns of grey values, and the digit as text. */
const DIGITS = `
import csv, sys
from sklearn.datasets import load_digits
data, rows = load_digits(), csv.writer(sys.stdout)
rows.writerow([*(f"p{i}" for i in range(64)), "y"])
rows.writerows([*map(int, x), f"d{y}"] for x, y in zip(data.data, data.target))
`;

const node = (id: string, type: string, x: number, y: number, params: object = {}) => {
  return { id, type, name: id, disabled: false, version: 1, position: { x, y }, params };
};

const layer = (id: string, type: string, params: object = {}) => ({ id, type, params });
const LAYERS = [
  layer("fc1", "Linear", { out_features: 64 }),
  layer("norm", "BatchNorm1d"),
  layer("relu1", "ReLU"),
  layer("fc2", "Linear", { out_features: 64 }),
  layer("relu2", "ReLU"),
  layer("drop", "Dropout", { p: 0.2 }),
  layer("fc3", "Linear", { out_features: 64 }),
  layer("relu3", "ReLU"),
  layer("fc4", "Linear", { out_features: 64 }),
  layer("fc5", "Linear", { out_features: 10 }),
];

/** "a.output > b.input" as an edge. */
function wire(text: string) {
  const [source = "", source_output, target, target_input] = text.split(/ > |\./);
  return { source, source_output, target, target_input };
}

/** A classifier of five linear layers; its target column is not selected yet. */
function classifier() {
  const ids = LAYERS.map(({ id }) => id);
  return {
    format: 1,
    name: "Digits",
    blocks: {},
    nodes: [
      node("csv", "CSVLoader", 0, 0, { file: "digits.csv", target_columns: "" }),
      node("split", "DataSplitter", 0, 200),
      ...LAYERS.map(({ id, type, params }, place) =>
        node(id, type, 300 + (place % 5) * 240, 180 * Math.floor(place / 5), params),
      ),
      node("model", "ModelAssembly", 1500, 180),
      node("loss", "CrossEntropyLoss", 300, 420),
      node("adam", "Adam", 560, 420, { lr: 0.01 }),
      node("train", "TrainingLoop", 820, 420, { epochs: 12 }),
    ],
    edges: [
      "csv.dataset > split.dataset",
      ...ids.slice(1).map((id, place) => `${ids[place]}.output > ${id}.input`),
      "fc5.output > model.layers",
      "model.model > adam.model",
      "model.model > train.model",
      "adam.optimizer > train.optimizer",
      "loss.loss_fn > train.loss_fn",
      "split.train_loader > train.train_loader",
      "split.val_loader > train.val_loader",
    ].map(wire),
  };
}

const dialog = (page: Page) => page.getByRole("dialog", { name: "New study" });
const figures = (page: Page) => dialog(page).getByRole("region", { name: "Preview" }).getByRole("status");
const table = (page: Page) => page.getByRole("region", { name: "Variants" });
const row = (page: Page, label: string) =>
  table(page)
    .getByRole("row")
    .filter({ has: page.getByRole("button", { name: label, exact: true }) });

async function upload(page: Page): Promise<void> {
  await page.getByRole("tab", { name: "Datasets" }).click();
  const csv = execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", DIGITS]);
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page
      .getByRole("button", { name: /^Upload/ })
      .first()
      .click(),
  ]);
  await chooser.setFiles({ name: "digits.csv", mimeType: "text/csv", buffer: csv });
  await expect(page.getByRole("button", { name: /^digits\.csv/ }).first()).toBeVisible();
}

async function openFile(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search commands and nodes").fill("Import graph file");
  await expect(page.getByRole("option", { name: /^Import graph file/ })).toBeVisible();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Enter")]);
  const buffer = Buffer.from(JSON.stringify(classifier()));
  await chooser.setFiles({ name: "digits.json", mimeType: "application/json", buffer });
  await expect(page.getByLabel("Name of the graph")).toHaveValue("Digits");
  await page.keyboard.press("Shift+1");
}

const TITLE = { position: { x: 50, y: 10 } };

/** Selects the column that the network predicts. */
async function chooseTarget(page: Page): Promise<void> {
  await card(page, "csv").click(TITLE);
  const target = page
    .getByRole("complementary", { name: "Properties" })
    .getByLabel("Targets", { exact: true });
  await target.fill("y");
  await target.press("Enter");
  await expect(runButton(page)).toBeEnabled();
}

async function ablate(page: Page): Promise<void> {
  for (const [place, id] of PARTS.entries())
    await card(page, id).click({ ...TITLE, ...(place > 0 && { modifiers: ["Shift"] }) });
  await card(page, "norm").click({ ...TITLE, button: "right" });
  await page.getByRole("menuitem", { name: "Ablate these…" }).click();
  await button(dialog(page), "10 (publication)").click();
  await dialog(page).getByLabel("Margin").fill("0.005");
  await page.keyboard.press("Tab");
  await expect(dialog(page).getByLabel("Metric", { exact: true })).toContainText("Validation accuracy");
  await expect(figures(page)).toContainText("8 variants");
  await expect(figures(page)).toContainText("80 runs");
  await button(dialog(page), "Start 80 runs").click();
  await expect(dialog(page)).toBeHidden();
}

/** The values of the primary metric in the file: by variant, then by seed. */
async function valuesOf(download: Download): Promise<Map<string, number[]>> {
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  const [head = [], ...lines] = Buffer.concat(chunks)
    .toString()
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(","));
  const found = new Map<string, number[]>();
  for (const line of lines) {
    const cell = (name: string): string => line[head.indexOf(name)] ?? "";
    if (cell("primary") !== "true") continue;
    const values = found.get(cell("label")) ?? [];
    values[Number(cell("seed"))] = Number(cell("value"));
    found.set(cell("label"), values);
  }
  return found;
}

const mean = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const sd = (values: number[]): number =>
  Math.sqrt(values.reduce((sum, one) => sum + (one - mean(values)) ** 2, 0) / (values.length - 1));

/** The 97.5 % quantile of Student's t with nine degrees of freedom. */
const T_9 = 2.262157;

/** Two-sided p of Student's t with nine degrees of freedom (Abramowitz and Stegun 26.7.3). */
function pOf(t: number): number {
  const angle = Math.atan(Math.abs(t) / 3);
  const cos = Math.cos(angle) ** 2;
  const series = Math.cos(angle) * (1 + (2 / 3) * cos * (1 + (4 / 5) * cos * (1 + (6 / 7) * cos)));
  return 1 - (2 / Math.PI) * (angle + Math.sin(angle) * series);
}

interface Compared {
  label: string;
  delta: number;
  ci: [number, number];
  p: number;
}

/** Mean of the paired differences, its interval, and p corrected by Holm. */
function compared(values: Map<string, number[]>): Compared[] {
  const base = values.get("Baseline") ?? [];
  const rows = [...values.keys()]
    .filter((label) => label !== "Baseline")
    .map((label): Compared => {
      const differences = (values.get(label) ?? []).map((value, seed) => value - (base[seed] ?? Number.NaN));
      const delta = mean(differences);
      const error = sd(differences) / Math.sqrt(SEEDS);
      return { label, delta, ci: [delta - T_9 * error, delta + T_9 * error], p: pOf(delta / error) };
    })
    .sort((a, b) => a.p - b.p);
  let highest = 0;
  for (const [place, one] of rows.entries()) {
    highest = Math.max(highest, Math.min(1, one.p * (rows.length - place)));
    one.p = highest;
  }
  return rows;
}

/** The numbers in a cell, a real minus sign among them. */
const numbersIn = (text: string): string[] => text.replaceAll("−", "-").match(/-?\d+(\.\d+)?/g) ?? [];

/** That a number is shown as it is, to its last digit. */
function expectShown(shown: string | undefined, value: number, what: string): void {
  const decimals = shown?.split(".")[1]?.length ?? 0;
  const off = Math.abs(Number(shown) - value);
  expect(off, `${what}: ${shown} for ${value}`).toBeLessThanOrEqual(0.5001 * 10 ** -decimals);
}

async function cells(line: Locator): Promise<string[]> {
  return (await line.getByRole("cell").allInnerTexts()).map((text) => text.trim());
}

async function expectRow(page: Page, { label, delta, ci, p }: Compared, values: number[]): Promise<void> {
  const [value = "", n, difference = "", corrected = "", worse, verdict = ""] = await cells(row(page, label));
  const [shownMean, shownSd] = numbersIn(value);
  expectShown(shownMean, mean(values), `mean of ${label}`);
  expectShown(shownSd, sd(values), `sd of ${label}`);
  expect(n).toBe(String(SEEDS));
  const [shownDelta, low, high] = numbersIn(difference);
  expectShown(shownDelta, delta, `Δ of ${label}`);
  expectShown(low, ci[0], `lower end of ${label}`);
  expectShown(high, ci[1], `upper end of ${label}`);
  if (p < 0.001) expect(corrected).toBe("< 0.001");
  else expectShown(corrected, p, `p of ${label}`);
  expect(worse).toMatch(/^\d+(\.5)? of 10$/);
  const expected = p < 0.05 ? (delta < 0 ? /worse/i : /better/i) : /negligible|not shown/i;
  expect(verdict, `verdict of ${label} with p ${p}`).toMatch(expected);
}

async function exported(page: Page): Promise<Map<string, number[]>> {
  await button(page, "Export").click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: /^CSV/ }).click(),
  ]);
  return valuesOf(download);
}

// The whole may take long, no click does.
test.use({ actionTimeout: 30_000 });

test("what each layer of a classifier of digits is worth, all by hand @slow", async ({ page }) => {
  test.setTimeout(1_500_000);
  // While somebody listens, no chooser opens that nobody could answer.
  page.on("filechooser", () => undefined);
  await page.goto("/");
  await upload(page);
  await openFile(page);
  await chooseTarget(page);
  await ablate(page);

  const drawer = page.getByTestId("drawer");
  await expect(drawer.getByText("Completed", { exact: true })).toBeVisible({ timeout: 1_200_000 });
  await expect(drawer.getByRole("status").filter({ hasText: "80 of 80 runs" })).toBeVisible();

  // every figure of the table follows from the file
  const values = await exported(page);
  expect([...values.keys()].sort()).toEqual(["Baseline", ...PARTS.map((part) => `w/o ${part}`)].sort());
  for (const [label, list] of values) expect(list.filter(Number.isFinite), label).toHaveLength(SEEDS);
  expect(mean(values.get("Baseline") ?? [])).toBeGreaterThan(0.95);
  const rows = compared(values);
  for (const one of rows) await expectRow(page, one, values.get(one.label) ?? []);

  // as a plot, and at the nodes
  await page.getByRole("tab", { name: "Differences" }).click();
  const forest = page.getByRole("img", { name: /^Differences with their intervals/ });
  for (const { label } of rows) await expect(forest).toContainText(label);
  for (const { label, delta } of rows) {
    const note = page.getByRole("note", { name: new RegExp(`^${label}:`) });
    await expect(note).toHaveAccessibleName(/Δ [−+]?[\d.]+ \[.+\]/);
    const [, shown] = /Δ (\S+)/.exec((await note.getAttribute("aria-label")) ?? "") ?? [];
    expectShown(numbersIn(shown ?? "")[0], delta, `Δ of ${label} on the canvas`);
  }
});
