import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { runColumns } from "@/features/runs/ui/columns";
import { runOf } from "../../../helpers/runs";

test("the row of a run states which epoch its values are of", () => {
  const progress = { ...runOf("a").progress, epoch: 40, epochs: 40, kept_epoch: 12 };
  const cell = runColumns([]).find(({ key }) => key === "epoch")?.cell;
  render(<p>{cell?.(runOf("a", { progress }))}</p>);
  expect(screen.getByText("40 / 40, best 12")).toHaveAttribute(
    "title",
    "Values and weights are those of epoch 12, the best one",
  );
});
