import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { CrashBoundary } from "@/app/crash/CrashBoundary";

let broken = true;

function Fragile() {
  if (broken) throw new Error("no such port");
  return <p>The drawing</p>;
}

const show = (resetKey = "g1") => (
  <CrashBoundary what="the graph" resetKey={resetKey}>
    <Fragile />
  </CrashBoundary>
);

beforeEach(() => {
  broken = true;
  // React logs what it caught.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

test("a crash is shown, with ways to continue and a report for those who can fix it", async () => {
  const user = userEvent.setup();
  render(show());
  expect(screen.getByRole("alert")).toHaveTextContent("VisDL could not draw the graph");
  expect(screen.getByRole("button", { name: "Open in safe mode" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Export this graph" })).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Report text" }));
  expect(screen.getByRole("textbox", { name: "Report" })).toHaveTextContent("Error: no such port");
});

test("it is drawn again when asked, or when another graph is opened", async () => {
  const user = userEvent.setup();
  const { rerender } = render(show());
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(screen.getByRole("alert")).toBeVisible();
  broken = false;
  rerender(show("g2"));
  expect(screen.getByText("The drawing")).toBeVisible();
});
