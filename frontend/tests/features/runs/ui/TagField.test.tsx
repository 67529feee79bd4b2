import { screen } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";
import { TagField } from "@/features/runs/ui/TagField";
import { renderPart } from "../../../helpers/render";

const SUGGESTIONS = ["baseline", "paper", "sweep"].map((name) => ({ value: name, name, runs: 1 }));

function Tags({ first }: { first: string[] }) {
  const [tags, setTags] = useState(first);
  return <TagField id="tags" label="Tags" tags={tags} onChange={setTags} suggestions={SUGGESTIONS} />;
}

const field = (): HTMLElement => screen.getByRole("textbox", { name: "Tags" });
const tags = (): (string | null)[] =>
  screen.queryAllByRole("button", { name: /^Remove/ }).map((one) => one.getAttribute("aria-label"));

test("tags are typed one after another, and the last is taken back with Backspace", async () => {
  const { user } = renderPart(<Tags first={[]} />);
  await user.type(field(), "one,two{Enter}one{Enter}");
  expect(tags()).toEqual(["Remove one", "Remove two"]);
  await user.type(field(), "{Backspace}");
  expect(tags()).toEqual(["Remove one"]);
});

test("those that fit what is typed are offered, and one is taken instead of it", async () => {
  const { user } = renderPart(<Tags first={["sweep"]} />);
  expect(screen.getAllByRole("button", { name: /^Take/ })).toHaveLength(2);
  await user.type(field(), "PAP");
  await user.click(screen.getByRole("button", { name: "Take paper" }));
  expect(tags()).toEqual(["Remove sweep", "Remove paper"]);
  expect(field()).toHaveValue("");
});

test("what is still in the field when it is left counts", async () => {
  const { user } = renderPart(<Tags first={[]} />);
  await user.type(field(), "late");
  await user.tab();
  expect(tags()).toEqual(["Remove late"]);
});
