import { screen } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { ProblemsPanel } from "@/features/graph/ui/ProblemsPanel";
import type { Diagnostic } from "@/shared/api/types";
import { diagnostic } from "../../../helpers/diagnostics";
import { sampleGraph } from "../../../helpers/graphs";
import { renderPart } from "../../../helpers/render";
import { freshPage } from "../../../helpers/stores";

const problem = (message: string, rest: Partial<Diagnostic> = {}): Diagnostic =>
  diagnostic({ message, ...rest });

function show(...diagnostics: Diagnostic[]) {
  const totals = { parameters: 0, flops: 0, frozen: 0, memory: null, memory_free: null };
  useGraph.setState({ report: { valid: diagnostics.length === 0, diagnostics, nodes: {}, totals } });
  return renderPart(<ProblemsPanel />);
}

beforeEach(() => freshPage(sampleGraph()));

test("a click goes to the problem's node: it is selected and brought into view", async () => {
  const { user } = show(problem("Needs a value.", { node: "fc1", port: "x", hint: "Draw a wire." }));
  await user.click(screen.getByRole("button", { name: /Needs a value\..*Draw a wire\..*fc1 · x/ }));
  expect([...useViewState.getState().nodes]).toEqual(["fc1"]);
  expect(useViewState.getState().revealRequest).toEqual({ kind: "node", id: "fc1" });
});

test("errors stand before warnings, these before remarks", () => {
  show(
    problem("A remark", { severity: "info" }),
    problem("A warning", { severity: "warning" }),
    problem("An error"),
  );
  expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
    "An error",
    "A warning",
    "A remark",
  ]);
});

test.each([
  ["of the whole graph", null],
  ["of a node that is gone", "gone"],
])("a problem %s leads nowhere", (_what, node) => {
  show(problem("Nothing trains.", { node }));
  expect(screen.getByText("Nothing trains.")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("a graph without problems is ready", () => {
  show();
  expect(screen.getByText("The graph is ready to run.")).toBeVisible();
});

test("before the first validation it states that", () => {
  renderPart(<ProblemsPanel />);
  expect(screen.getByText("Not validated yet")).toBeVisible();
});
