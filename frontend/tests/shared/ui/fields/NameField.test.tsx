import { act, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { NameField } from "@/shared/ui/fields/NameField";
import { renderPart } from "../../../helpers/render";

test("keeps what is being typed when something else on the page changes", async () => {
  const commit = vi.fn();
  let change = (): void => undefined;
  function Row() {
    const [status, setStatus] = useState("ok");
    change = () => setStatus("error");
    return (
      <div title={status}>
        <NameField label="Name" value="relu1" onCommit={commit} onLeave={() => undefined} />
      </div>
    );
  }
  const { user } = renderPart(<Row />);
  const field = screen.getByRole<HTMLInputElement>("textbox", { name: "Name" });
  field.focus();
  await user.keyboard("g");
  act(() => change());
  await user.keyboard("ate{Enter}");
  expect(commit).toHaveBeenCalledExactlyOnceWith("gate");
});
