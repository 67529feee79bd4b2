import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { SplitRows } from "@/features/inspector/ui/SplitRows";

test("the rows of each part and class are a table", () => {
  render(
    <SplitRows
      parts={[
        { part: "train", rows: 1600, classes: { no: 1200, yes: 400 } },
        { part: "test", rows: 400, classes: { no: 300, yes: 100 } },
      ]}
    />,
  );
  const cells = screen
    .getAllByRole("row")
    .map((row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent));
  expect(cells).toEqual([
    ["Part", "Training", "Test"],
    ["All", "1,600", "400"],
    ["no", "1,200", "300"],
    ["yes", "400", "100"],
  ]);
});

test("a node that splits nothing has no such table", () => {
  const { container } = render(<SplitRows parts={[]} />);
  expect(container).toBeEmptyDOMElement();
});
