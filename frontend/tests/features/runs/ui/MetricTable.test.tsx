import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { MetricTable } from "@/features/runs/ui/MetricTable";
import { runOf } from "../../../helpers/runs";

type Direction = "minimize" | "maximize" | null;

function draw(name: string, direction: Direction, ...values: number[]): void {
  const compared = values.map((last, place) => ({
    run: runOf(String(place), { metrics: { [name]: { last, best: last, best_epoch: 1, direction } } }),
    letter: "ABC"[place] as string,
    color: "red",
  }));
  render(<MetricTable compared={compared} />);
}

test.each<[string, Direction, string]>([
  ["test_my_score", "maximize", "3 (best)"],
  ["test_my_cost", "minimize", "1 (best)"],
])("of %s the best is marked by the direction that the runs state", (name, direction, best) => {
  draw(name, direction, 3, 1, 2);
  expect(screen.getByText("(best)").parentElement).toHaveTextContent(best);
});

test("nothing is best where a metric measures no quality", () => {
  draw("test_count", null, 3, 1);
  expect(screen.queryByText("(best)")).toBeNull();
});
