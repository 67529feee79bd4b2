import { screen } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, test, vi } from "vitest";
import { NumberField } from "@/shared/ui/fields/NumberField";
import { renderPart } from "../../../helpers/render";

describe("the field", () => {
  type Props = Partial<Parameters<typeof NumberField>[0]>;

  /** A field that holds what it commits, beside another one to go to. */
  function show({ value: first = 32, ...rest }: Props = {}) {
    const commit = vi.fn();
    function Held() {
      const [value, setValue] = useState<number | null>(first);
      const onCommit = (next: number | null): void => {
        commit(next);
        setValue(next);
      };
      return <NumberField label="batch size" value={value} onCommit={onCommit} {...rest} />;
    }
    const { user } = renderPart(
      <>
        <Held />
        <button type="button">Elsewhere</button>
      </>,
    );
    const field = screen.getByRole<HTMLInputElement>("textbox", { name: "batch size" });
    const retype = async (text: string): Promise<void> => {
      await user.clear(field);
      if (text) await user.type(field, text);
    };
    return { user, field, retype, commit };
  }

  test("commits on Enter, once, and not per key", async () => {
    const { user, retype, commit } = show();
    await retype("64");
    expect(commit).not.toHaveBeenCalled();
    await user.keyboard("{Enter}");
    await user.click(screen.getByText("Elsewhere"));
    expect(commit.mock.calls).toEqual([[64]]);
  });

  test("commits when it is left", async () => {
    const { user, retype, commit } = show();
    await retype("1e3");
    await user.click(screen.getByText("Elsewhere"));
    expect(commit.mock.calls).toEqual([[1000]]);
  });

  test("Escape puts the old number back", async () => {
    const { user, field, retype, commit } = show();
    await retype("64");
    await user.keyboard("{Escape}");
    expect(field).toHaveValue("32");
    expect(commit).not.toHaveBeenCalled();
  });

  test("arithmetic is worked out", async () => {
    const { user, field, retype, commit } = show({ integer: true });
    await retype("2*64");
    await user.keyboard("{Enter}");
    expect(commit.mock.calls).toEqual([[128]]);
    expect(field).toHaveValue("128");
  });

  test.each([
    ["many", {}, "batch size needs a number or arithmetic such as 2*64 or 1e-3: “many” is neither."],
    ["1000", { min: 1, max: 100 }, "batch size must be between 1 and 100, not 1000."],
    ["3/2", { integer: true }, "batch size must be a whole number: 3/2 is 1.5."],
  ])("%s is refused with the reason, and stays to be corrected", async (text, range, problem) => {
    const { user, field, retype, commit } = show(range);
    await retype(text);
    await user.keyboard("{Enter}");
    expect(screen.getByRole("alert")).toHaveTextContent(problem);
    await user.click(screen.getByText("Elsewhere"));
    expect(field).toHaveValue(text);
    expect(field).toBeInvalid();
    expect(commit).not.toHaveBeenCalled();
  });

  test("Escape puts back what was refused, a better number takes its place", async () => {
    const { user, field, retype, commit } = show({ max: 100 });
    await retype("1000");
    await user.keyboard("{Enter}{Escape}");
    expect(field).toHaveValue("32");
    expect(field).toBeValid();
    await retype("1000");
    await user.keyboard("{Enter}");
    await retype("100");
    await user.keyboard("{Enter}");
    expect(screen.queryByRole("alert")).toBeNull();
    expect(commit.mock.calls).toEqual([[100]]);
  });

  test("Ctrl Enter commits the typed text first; not where it is rejected", async () => {
    const went = vi.fn();
    document.addEventListener("keydown", went);
    const { user, retype, commit } = show({ max: 100 });
    await retype("64");
    went.mockClear();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(commit.mock.calls).toEqual([[64]]);
    expect(went.mock.calls.map(([event]) => event.key)).toEqual(["Control", "Enter"]);
    await retype("1000");
    went.mockClear();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(went.mock.calls.map(([event]) => event.key)).toEqual(["Control"]);
    document.removeEventListener("keydown", went);
  });

  test("emptied, it holds nothing where that is allowed", async () => {
    const { user, retype, commit } = show({ nullable: true });
    await retype("");
    await user.keyboard("{Enter}");
    expect(commit.mock.calls).toEqual([[null]]);
  });

  test("emptied where it must hold a number, it keeps it", async () => {
    const { user, field, retype, commit } = show();
    await retype("");
    await user.keyboard("{Enter}");
    expect(field).toHaveValue("32");
    expect(commit).not.toHaveBeenCalled();
  });

  test("the arrows step, each a commit", async () => {
    const { user, field, commit } = show({ integer: true });
    await user.click(field);
    await user.keyboard("{ArrowUp}{ArrowUp}{ArrowDown}");
    expect(commit.mock.calls).toEqual([[33], [34], [33]]);
    expect(field).toHaveValue("33");
  });

  test("held down, an arrow is one commit; Shift makes it ten, Alt a tenth", async () => {
    const { user, field, commit } = show({ value: 0.5, max: 10 });
    await user.click(field);
    await user.keyboard("{ArrowUp>3/}");
    expect(commit.mock.calls).toEqual([[0.53]]);
    await user.keyboard("{Shift>}{ArrowUp}{/Shift}{Alt>}{ArrowUp}{/Alt}");
    expect(commit.mock.calls.slice(1)).toEqual([[0.63], [0.631]]);
  });

  test("they step from what is typed, and that does not come back when the field is left", async () => {
    const { user, field, retype, commit } = show({ integer: true });
    await retype("5");
    await user.keyboard("{ArrowUp}{ArrowUp}");
    expect(field).toHaveValue("7");
    await user.click(screen.getByText("Elsewhere"));
    expect(commit.mock.calls).toEqual([[6], [7]]);
  });
});
