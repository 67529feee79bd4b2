import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import { useCommandKeys } from "@/app/keys/useCommandKeys";
import { renameGraph } from "@/features/graph/model/document";
import { edit, useGraph } from "@/features/graph/store/graph";
import { select } from "@/features/graph/store/viewState";
import { openDialog, openDrawer, useUi } from "@/shared/store/ui";
import { sampleGraph } from "../../helpers/graphs";
import { renderPart } from "../../helpers/render";
import { freshPage } from "../../helpers/stores";

function Page() {
  useCommandKeys();
  return <input aria-label="Name" />;
}

const name = (): string => useGraph.getState().graph.name;

beforeEach(() => {
  freshPage(sampleGraph());
  edit((graph) => renameGraph(graph, "Edited"));
});

describe("keys on the page", () => {
  test("undo, and both ways to redo", async () => {
    const { user } = renderPart(<Page />);
    for (const redo of ["{Control>}{Shift>}z{/Shift}{/Control}", "{Control>}y{/Control}"]) {
      await user.keyboard("{Control>}z{/Control}");
      expect(name()).toBe("Test graph");
      await user.keyboard(redo);
      expect(name()).toBe("Edited");
    }
  });

  test.each(["{Delete}", "{Backspace}"])("%s deletes what is selected", async (key) => {
    const { user } = renderPart(<Page />);
    select(["fc1"]);
    await user.keyboard(key);
    expect(useGraph.getState().graph.nodes).toHaveLength(8);
  });

  test("a bracket folds its side, a question mark opens the help", async () => {
    const { user } = renderPart(<Page />);
    const { leftOpen } = useUi.getState();
    await user.keyboard("[[");
    expect(useUi.getState().leftOpen).toBe(!leftOpen);
    await user.keyboard("{Shift>}?{/Shift}");
    expect(useUi.getState().dialog).toBe("help");
  });
});

test("letters in a list that is open are not commands", async () => {
  const { user } = renderPart(
    <>
      <Page />
      <div role="listbox" tabIndex={0} aria-label="Choices" />
    </>,
  );
  const { leftOpen } = useUi.getState();
  screen.getByRole("listbox").focus();
  await user.keyboard("[[");
  expect(useUi.getState().leftOpen).toBe(leftOpen);
});

describe("keys in a text field", () => {
  test("type and edit the text, not the graph", async () => {
    const { user } = renderPart(<Page />);
    select(["fc1"]);
    await user.type(screen.getByRole("textbox"), "f[[{Backspace}{Control>}z{/Control}");
    expect(screen.getByRole("textbox")).toHaveValue("f");
    expect(name()).toBe("Edited");
    expect(useGraph.getState().graph.nodes).toHaveLength(9);
  });

  test("those of the whole page still work", async () => {
    const { user } = renderPart(<Page />);
    await user.type(screen.getByRole("textbox"), "{Control>}3{/Control}");
    expect(useUi.getState()).toMatchObject({ drawerOpen: true, drawerTab: "studies" });
  });
});

test("a dialog keeps the keys to itself", async () => {
  const { user } = renderPart(<Page />);
  openDrawer("training");
  openDialog("commands");
  await user.keyboard("{Control>}3{/Control}{Control>}z{/Control}");
  expect(useUi.getState().drawerTab).toBe("training");
  expect(name()).toBe("Edited");
});
