import { act, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";
import { IconButton } from "@/shared/ui/IconButton";
import { Tooltip } from "@/shared/ui/Tooltip";
import { renderPart } from "../../helpers/render";

/** Also one that has no place yet. */
const tip = () => screen.queryByRole("tooltip", { hidden: true });

function Two() {
  const [gone, setGone] = useState(false);
  return (
    <>
      {!gone && (
        <IconButton label="Undo" keys="mod+z" aria-describedby="hint">
          <span />
        </IconButton>
      )}
      <Tooltip content="What it redoes">
        <button type="button" onClick={() => setGone(true)}>
          Redo
        </button>
      </Tooltip>
    </>
  );
}

test("it opens where the pointer rests, describes the element, and closes when the pointer leaves", async () => {
  const { user } = renderPart(<Two />);
  await user.hover(screen.getByRole("button", { name: "Redo" }));
  expect(tip()).toBeNull();
  expect(await screen.findByRole("tooltip")).toHaveTextContent("What it redoes");
  expect(screen.getByRole("button", { name: "Redo" })).toHaveAccessibleDescription("What it redoes");

  await user.hover(screen.getByRole("button", { name: "Undo" }));
  expect(await screen.findByRole("tooltip")).toHaveTextContent("Undo");
  expect(screen.getByRole("button", { name: "Undo" })).toHaveAttribute(
    "aria-describedby",
    expect.stringMatching(/^hint ./),
  );
  await user.unhover(screen.getByRole("button", { name: "Undo" }));
  expect(tip()).toBeNull();
  expect(screen.getByRole("button", { name: "Undo" })).toHaveAttribute("aria-describedby", "hint");
});

test("a click closes it, and so does the end of its element", async () => {
  const { user } = renderPart(<Two />);
  await user.hover(screen.getByRole("button", { name: "Redo" }));
  await screen.findByRole("tooltip");
  await user.click(screen.getByRole("button", { name: "Redo" }));
  expect(tip()).toBeNull();
});

test("what is open follows its element", async () => {
  let change = (_: string): void => {};
  function Changing() {
    const [text, setText] = useState("before");
    change = setText;
    return text === "gone" ? null : (
      <Tooltip content={text}>
        <button type="button">Name</button>
      </Tooltip>
    );
  }
  const { user } = renderPart(<Changing />);
  await user.hover(screen.getByRole("button"));
  expect(await screen.findByRole("tooltip")).toHaveTextContent("before");
  act(() => change("after"));
  expect(tip()).toHaveTextContent("after");
  act(() => change("gone"));
  expect(tip()).toBeNull();
});
