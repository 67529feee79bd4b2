import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { useOverlay } from "@/features/studies/store/overlay";
import { useStudyColumns, useStudyView } from "@/features/studies/store/studies";
import { StudiesPanel } from "@/features/studies/ui/StudiesPanel";
import type { Study, StudyResults, StudyRow } from "@/shared/api/types";
import { useUi } from "@/shared/store/ui";
import { diagnostic } from "../../../helpers/diagnostics";
import { sampleGraph } from "../../../helpers/graphs";
import { renderPart } from "../../../helpers/render";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";
import { rowOf, STRATEGIES } from "../../../helpers/studies";

startServerDouble();

const study: Study = {
  id: "s1",
  name: "What matters",
  state: "completed",
  plan: {
    name: "What matters",
    strategy: { kind: "leave_one_out", nodes: ["relu1", "fc2"] },
    seeds: [0, 1],
    metric: "test_r2",
    direction: "maximize",
    select: "last",
    margin: 0.01,
    how: {},
    skip_invalid: false,
    reuse: true,
    batch_seeds: true,
  },
  direction: "maximize",
  graph_id: null,
  graph_name: "Net",
  variants: ["baseline", "v1", "v2"].map((key) => ({
    key,
    label: key,
    role: key === "baseline" ? ("baseline" as const) : ("variant" as const),
    edits: [],
    params: {},
    parts: [],
    reference: key === "baseline" ? null : "baseline",
    same_as: null,
    how: "",
    valid: true,
    diagnostics: [],
    offers: [],
    plain: null,
    parameters: null,
    flops: null,
    reset: [],
  })),
  datasets: [],
  extended: [],
  stopped_early: false,
  counts: { planned: 6, completed: 5, failed: 1, live: 0, reused: 0 },
  note: "",
  created: 1_700_000_000,
  ended: 1_700_000_100,
  seconds_left: null,
  error: null,
  obstacle: null,
};

const row = (key: string, label: string, rest: Partial<StudyRow>): StudyRow =>
  rowOf(key, {
    label,
    parts: ["relu1"],
    how: "switched off",
    n: 2,
    planned: 2,
    mean: 0.9,
    sd: 0.01,
    values: { 0: 0.89, 1: 0.91 },
    secondary: { val_loss: [0.5, 0.1] },
    parameters: 4417,
    flops: 8576,
    seconds: 1.5,
    decimals: 3,
    pairs: 2,
    ...rest,
  });

const over: StudyResults = {
  state: "completed",
  metric: "test_r2",
  direction: "maximize",
  baseline: row("baseline", "Baseline", { role: "baseline", reference: null, parts: [], how: "" }),
  variants: [
    row("v1", "w/o relu1", {
      delta: 0.001,
      ci: [-0.002, 0.004],
      p_t_holm: 0.4,
      p_worse: 0.5,
      verdict: "negligible",
      sentence: "Removing it: negligible, within the margin.",
    }),
    row("v2", "w/o fc2", {
      n: 1,
      failed: 1,
      delta: -0.2,
      ci: [-0.3, -0.1],
      p_t_holm: 0.0001,
      p_worse: 1,
      verdict: "worse",
      sentence: "Removing it: worse.",
    }),
  ],
  effects: [],
  dependence: [],
  best: null,
  notes: ["Every variant keeps the baseline's hyper-parameters."],
  caption: "Test R² over two seeds.",
  methods: "We trained.",
};
const live: StudyResults = {
  ...over,
  state: "running",
  variants: over.variants.map((one) => ({ ...one, delta: null, ci: null, p_t_holm: null, verdict: null })),
};

let studies: Study[] = [];
let results = over;
let asked: { method: string; path: string; body: unknown }[] = [];

beforeEach(() => {
  freshPage();
  useStudyView.setState(useStudyView.getInitialState(), true);
  useStudyColumns.setState({ columns: {} });
  useOverlay.setState({ study: null });
  [studies, results, asked] = [[study], over, []];
  const note = async ({ request }: { request: Request }) => {
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    asked.push({ method: request.method, path: pathname + search, body: text ? JSON.parse(text) : null });
    return request.method === "DELETE" ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(study);
  };
  server.use(
    http.get("*/api/studies/strategies", () => HttpResponse.json(STRATEGIES)),
    http.get("/api/studies", () => HttpResponse.json(studies)),
    http.get("/api/studies/s1/results", () => HttpResponse.json(results)),
    http.get("/api/studies/s1/cells", () => HttpResponse.json([])),
    http.get("/api/studies/s1/graph", () => HttpResponse.json(sampleGraph())),
    http.get("/api/studies/s1/curves", () => HttpResponse.json({ metric: "val_loss", variants: {} })),
    http.patch("/api/studies/s1", note),
    http.post("/api/studies/s1/:command", note),
    http.delete("/api/studies/s1", note),
  );
});

const button = (name: string | RegExp) => screen.findByRole("button", { name });
const open = () => {
  useStudyView.setState({ shown: "s1" });
  return renderPart(<StudiesPanel />);
};
const labels = (): string[] =>
  screen.getAllByRole("rowheader").map((head) => within(head).getByRole("button").textContent ?? "");
const menu = async (user: ReturnType<typeof renderPart>["user"], of: string, item: string) => {
  await user.click(await button(`More for ${of}`));
  await user.click(await screen.findByRole("menuitem", { name: new RegExp(`^${item}`) }));
};

test("an empty list explains how to define a study", async () => {
  studies = [];
  const { user } = renderPart(<StudiesPanel />);
  await user.click(await button("Define a study…"));
  expect(useUi.getState().dialog).toBe("study");
});

test("studies are found, and a click opens one", async () => {
  studies = [study, { ...study, id: "s2", name: "Other" }];
  const { user } = renderPart(<StudiesPanel />);
  expect(await screen.findByText("2 studies")).toBeVisible();
  await user.type(screen.getByRole("searchbox"), "matters");
  expect(screen.getByText("1 study")).toBeVisible();
  expect(screen.getByText("5 of 6 runs, 1 failed")).toBeVisible();
  await user.click(await button("What matters"));
  expect(useStudyView.getState().shown).toBe("s1");
  expect(await screen.findByRole("region", { name: "Study What matters" })).toBeVisible();
});

test("the baseline stays on top, the largest difference follows, and a head sorts", async () => {
  const { user } = open();
  const head = await screen.findByRole("columnheader", { name: /Δ/ });
  expect(head).toHaveAttribute("aria-sort", "descending");
  expect(labels()).toEqual(["Baseline", "w/o fc2", "w/o relu1"]);
  await user.click(within(head).getByRole("button"));
  expect(labels()).toEqual(["Baseline", "w/o relu1", "w/o fc2"]);
  await user.click(await button("Own order"));
  expect(head).toHaveAttribute("aria-sort", "none");
});

test("a row shows what failed and its verdict", async () => {
  open();
  const line = (await screen.findByRole("rowheader", { name: "w/o fc2" })).closest("tr");
  expect(line).toHaveTextContent("0.900 ± 0.010");
  expect(line).toHaveTextContent("1 of 2, 1 failed");
  expect(line).toHaveTextContent("−0.200 [−0.300, −0.100]");
  expect(line).toHaveTextContent("< 0.001");
  expect(line).toHaveTextContent("▼worse");
  expect(screen.getByTitle("Removing it: worse.")).toBeVisible();
  expect(screen.getByText("Test R² over two seeds.")).toBeVisible();
});

test.each([
  [{ state: "running" as const, obstacle: "The disk is full." }, "The disk is full."],
  [
    { state: "stopped" as const, error: diagnostic({ message: "It was stopped.", hint: "Free space." }) },
    "It was stopped. Free space. Resume continues the study.",
  ],
])("a study states why it does not continue, or why it was stopped", async (fields, reason) => {
  studies = [{ ...study, ...fields }];
  results = live;
  open();
  expect(await screen.findByText(reason)).toBeVisible();
});

test("while it trains, nothing is concluded", async () => {
  studies = [{ ...study, state: "running", seconds_left: 65 }];
  results = live;
  open();
  await screen.findByRole("rowheader", { name: "w/o fc2" });
  expect(screen.getAllByTitle("Appears when every planned run has ended.")).toHaveLength(8);
  expect(screen.getByText("about 1 min 05 s left")).toBeVisible();
  expect(await button("Pause study")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Resume study" })).toBeNull();
});

test("a label is edited in place and saved", async () => {
  const { user } = open();
  await user.click(await button("w/o fc2"));
  await user.clear(screen.getByRole("textbox", { name: "Label of w/o fc2" }));
  await user.keyboard("no second layer{Enter}");
  await expect.poll(() => asked).toHaveLength(1);
  expect(asked[0]).toEqual({
    method: "PATCH",
    path: "/api/studies/s1",
    body: { labels: { v2: "no second layer" } },
  });
});

test("in its own order a row moves by its menu", async () => {
  const { user } = open();
  await user.click(await button("Own order"));
  await menu(user, "w/o fc2", "Move up");
  await expect.poll(() => asked).toMatchObject([{ body: { order: ["v2", "v1"] } }]);
});

test("columns are chosen, and stay chosen", async () => {
  const { user } = open();
  await user.click(await button("Columns"));
  await user.click(await screen.findByRole("menuitemcheckbox", { name: "Validation loss" }));
  await user.click(screen.getByRole("menuitemcheckbox", { name: "FLOPs" }));
  await user.keyboard("{Escape}");
  expect(screen.getByRole("columnheader", { name: "Validation loss" })).toBeVisible();
  expect(screen.queryByRole("columnheader", { name: "FLOPs" })).toBeNull();
  expect(screen.getAllByText("0.5 ± 0.1")).toHaveLength(3);
  expect(useStudyColumns.getState().columns).toEqual({ "secondary.val_loss": true, flops: false });
});

test("seeds are added by number or one by one, with a warning", async () => {
  const { user } = open();
  await user.click(await button("Add seeds…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("“extended after looking”");
  expect(dialog).toHaveTextContent("15 runs more: 3 networks with 5 seeds each.");
  await user.type(within(dialog).getByLabelText("Or which"), "1");
  expect(dialog).toHaveTextContent("Seed 1 is already in the list.");
  await user.type(within(dialog).getByLabelText("Or which"), "2-13");
  await user.click(await button("Add 2 seeds"));
  await expect
    .poll(() => asked)
    .toMatchObject([{ path: "/api/studies/s1/seeds", body: { seeds: [12, 13] } }]);
});

test("failed runs are retried, and the canvas shows the effects", async () => {
  const { user } = open();
  await user.click(await button("Retry failed"));
  await expect.poll(() => asked).toMatchObject([{ method: "POST", path: "/api/studies/s1/retry" }]);
  const toggle = await button("Show on canvas");
  await user.click(toggle);
  expect(useOverlay.getState().study).toBe("s1");
  expect(toggle).toHaveAttribute("aria-pressed", "true");
  await user.click(toggle);
  expect(useOverlay.getState().study).toBeNull();
});

test("a study is deleted with its runs only when that is wanted", async () => {
  const { user } = open();
  await menu(user, "What matters", "Delete…");
  await user.click(await screen.findByRole("checkbox", { name: /Delete its runs too/ }));
  await user.click(await button("Delete study and runs"));
  await expect.poll(toasts).toEqual(["Deleted the study “What matters”."]);
  expect(asked).toMatchObject([{ method: "DELETE", path: "/api/studies/s1?runs=true" }]);
  expect(useStudyView.getState().shown).toBeNull();
});

test("the plots have their figures as tables", async () => {
  const { user } = open();
  await user.click(await screen.findByRole("tab", { name: "Differences" }));
  expect(screen.getByRole("img", { name: /Differences with their intervals/ })).toBeVisible();
  await user.click(await button("Show Differences as a table"));
  expect(screen.getByRole("row", { name: "w/o fc2 −0.2 −0.3 −0.1 2 worse" })).toBeVisible();
  await user.click(screen.getByRole("tab", { name: "Seeds" }));
  await user.click(await button("Show Points per seed as a table"));
  expect(screen.getAllByRole("row", { name: "w/o relu1 1 0.91 0.91" })).toHaveLength(1);
});

test("two variants stand side by side; what reads the same is left out until it is wanted", async () => {
  const { user } = open();
  await menu(user, "w/o fc2", "Compare with the baseline");
  expect(useStudyView.getState().compared).toEqual({ a: "baseline", b: "v2" });
  const figures = await screen.findByRole("region", { name: "Figures of both" });
  expect(within(figures).getByRole("row", { name: /^Runs with a value/ })).toHaveTextContent(
    "1 of 2, 1 failed",
  );
  expect(within(figures).queryByRole("row", { name: /^Parameters/ })).toBeNull();
  await user.click(screen.getByRole("switch", { name: "Only what differs" }));
  expect(within(figures).getByRole("row", { name: /^Parameters/ })).toHaveTextContent("4,417");
  expect(screen.getByRole("region", { name: "Conclusion" })).toHaveTextContent("Removing it: worse.");
  expect(await screen.findByText("Both are the same network.")).toBeVisible();
  await user.click(await button("All variants"));
  expect(await screen.findByRole("rowheader", { name: "w/o fc2" })).toBeVisible();
});

test("while it trains, a comparison concludes nothing", async () => {
  studies = [{ ...study, state: "running" }];
  results = live;
  useStudyView.setState({ compared: { a: "baseline", b: "v1" } });
  open();
  const conclusion = await screen.findByRole("region", { name: "Conclusion" });
  expect(conclusion).toHaveTextContent(/^Differences appear when every planned run has ended/);
  const figures = screen.getByRole("region", { name: "Figures of both" });
  expect(within(figures).getByRole("row", { name: /^Test R²/ })).toHaveTextContent(/–$/);
});
