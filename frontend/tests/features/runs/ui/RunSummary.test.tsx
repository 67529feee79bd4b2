import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { RunSummary } from "@/features/runs/ui/training/RunSummary";
import { renderPart } from "../../../helpers/render";
import { runOf } from "../../../helpers/runs";

const batch = { id: "b", size: 10, speedup: 4.2, exact: true };
const show = (change: Partial<typeof batch>) =>
  renderPart(
    <RunSummary
      run={runOf("a", { state: "completed", batch: { ...batch, ...change } })}
      pinned={null}
      onPin={() => undefined}
    />,
  );

test("a run of a seed batch shows how many seeds were trained together", () => {
  show({});
  expect(screen.getByText("10 seeds, 4.2× as fast")).toBeInTheDocument();
  expect(screen.queryByText(/An earlier version batched/)).toBeNull();
});

test("a run that an earlier version batched states that its values are not those of a separate run", () => {
  show({ exact: false });
  expect(screen.getByText(/An earlier version batched these seeds/)).toBeInTheDocument();
});

test("a run that was trained separately has no seed batch", () => {
  show({ size: 1, speedup: 0.8 });
  expect(screen.queryByText("Batched seeds")).toBeNull();
});
