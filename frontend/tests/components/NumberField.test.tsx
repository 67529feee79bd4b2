import { screen } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, test, vi } from "vitest";
import { NumberField, stepped } from "@/components/ui/NumberField";
import { parseNumber } from "@/lib/values";
import { renderPart } from "../helpers/render";

test.each([
  ["12", 12],
  [" 0.5 ", 0.5],
  ["1e-3", 0.001],
  ["0,5", 0.5],
  ["0,125", 0.125],
  ["12,5", 12.5],
  ["1 000", 1000],
  ["1_000", 1000],
  ["1,000", 1000],
  ["12,480", 12480],
  ["-1,234,567.5", -1234567.5],
  ["−3", -3],
  ["", Number.NaN],
  ["1.2.3", Number.NaN],
  ["1,2,3", Number.NaN],
  ["ten", Number.NaN],
])("“%s” is read as %s", (text, number) => {
  expect(parseNumber(text)).toBe(number);
});

test.each([
  ["a whole number by one", 32, 1, { integer: true }, 33],
  ["by the step that is given", 0.5, -1, { step: 0.25 }, 0.25],
  ["in the last digit otherwise", 0.001, 1, {}, 0.0011],
  ["from nothing", 0, 1, {}, 0.1],
  ["never past the largest", 0.9, 1, { step: 0.5, max: 1 }, 1],
  ["never past the smallest", 1, -1, { integer: true, min: 1 }, 1],
  ["without the dust of binary fractions", 0.1, 1, { step: 0.2 }, 0.3],
] as const)("a step goes %s", (_how, from, direction, range, to) => {
  expect(stepped(from, direction, range)).toBe(to);
});

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

  test("what is no number leaves the old one", async () => {
    const { user, field, retype, commit } = show();
    await retype("many");
    await user.keyboard("{Enter}");
    expect(field).toHaveValue("32");
    expect(commit).not.toHaveBeenCalled();
  });

  test("a number out of range is taken: the check of the graph names it", async () => {
    const { user, retype, commit } = show({ min: 1, max: 100 });
    await retype("1000");
    await user.keyboard("{Enter}");
    expect(commit.mock.calls).toEqual([[1000]]);
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

  test("they step from what is typed, and that does not come back when the field is left", async () => {
    const { user, field, retype, commit } = show({ integer: true });
    await retype("5");
    await user.keyboard("{ArrowUp}{ArrowUp}");
    expect(field).toHaveValue("7");
    await user.click(screen.getByText("Elsewhere"));
    expect(commit.mock.calls).toEqual([[6], [7]]);
  });
});
