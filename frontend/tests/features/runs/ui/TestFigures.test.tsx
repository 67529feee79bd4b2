import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { TestFigures } from "@/features/runs/ui/training/TestFigures";
import { graphOf } from "../../../helpers/graphs";
import { renderPart } from "../../../helpers/render";
import { runOf } from "../../../helpers/runs";
import { server, startServerDouble } from "../../../helpers/server";

startServerDouble();

const value = (last: number) => ({ last, best: last, best_epoch: 1, direction: null });

test("the loss on held-out data states that its targets were scaled; other figures are of the target", async () => {
  const graph = graphOf({ split: { type: "DataSplitter", params: { target_scaling: "standardize" } } });
  server.use(http.get("/api/runs/:id/graph", () => HttpResponse.json(graph)));
  const metrics = { test_loss: value(0.25), test_mse: value(4) };
  renderPart(<TestFigures run={runOf("a", { metrics })} />);
  const [loss, mse] = screen.getAllByRole("listitem");
  expect(await within(loss as HTMLElement).findByText("of the standardized target")).toBeVisible();
  expect(mse).toHaveTextContent("Test MSE4");
});
