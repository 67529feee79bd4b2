import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, test } from "vitest";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import { Palette } from "@/features/palette/ui/Palette";
import { TYPES } from "../../../helpers/catalogue";
import { diagnostic } from "../../../helpers/diagnostics";
import { graphOf } from "../../../helpers/graphs";
import { renderPart } from "../../../helpers/render";
import { server, startServerDouble } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();
beforeEach(() => freshPage(graphOf({})));

const added = (): string[] => useGraph.getState().graph.nodes.map(({ type }) => type);
const listed = (): (string | null)[] => screen.queryAllByRole("listitem").map((item) => item.textContent);
const search = (): HTMLElement => screen.getByRole("searchbox", { name: "Search node types" });

describe("search", () => {
  test("shows what fits, under its category", async () => {
    const { user } = renderPart(<Palette />);
    await user.type(search(), "loss");
    expect(listed()).toEqual(["L1 Loss", "MSE Loss"]);
    expect(screen.getByRole("button", { name: "Loss", expanded: true })).toBeVisible();
  });

  test("Enter adds the first that fits", async () => {
    const { user } = renderPart(<Palette />);
    await user.type(search(), "relu{Enter}");
    expect(added()).toEqual(["ReLU"]);
  });

  test("Enter without a word adds nothing", async () => {
    const { user } = renderPart(<Palette />);
    await user.type(search(), "{Enter}");
    expect(added()).toEqual([]);
  });

  test("finds what stands in a folded category", async () => {
    const { user } = renderPart(<Palette />);
    await user.click(screen.getByRole("button", { name: "Layers" }));
    expect(screen.queryByRole("button", { name: "ReLU" })).toBeNull();
    await user.type(search(), "relu");
    expect(listed()).toEqual(["ReLU"]);
  });

  test("reports that nothing fits", async () => {
    const { user } = renderPart(<Palette />);
    await user.type(search(), "convolution");
    expect(screen.getByText("No node type found")).toBeVisible();
  });
});

describe("adding", () => {
  test("a double click adds a node", async () => {
    const { user } = renderPart(<Palette />);
    await user.dblClick(screen.getByRole("button", { name: "Linear" }));
    expect(added()).toEqual(["Linear"]);
  });

  test("from the keyboard: down from the search, down and up in the list, Enter", async () => {
    const { user } = renderPart(<Palette />);
    await user.type(search(), "l");
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}{ArrowDown}");
    const [, second] = within(screen.getByRole("presentation")).getAllByRole("listitem");
    expect(second).toContainElement(document.activeElement as HTMLElement);
    await user.keyboard("{Enter}");
    expect(added()).toHaveLength(1);
  });
});

describe("a catalogue that is not there", () => {
  test("can be asked for again", async () => {
    useCatalogue.setState({ types: {}, status: "failed" });
    server.use(
      http.get("/api/nodes", () => HttpResponse.json({ ReLU: TYPES.ReLU })),
      http.get("/api/nodes/unavailable", () => HttpResponse.json([])),
      http.get("/api/nodes/diagnostics", () => HttpResponse.json([])),
    );
    const { user } = renderPart(<Palette />);
    await user.click(screen.getByRole("button", { name: "Retry" }));
    expect(await screen.findByRole("button", { name: "ReLU" })).toBeVisible();
  });

  test("node types that the server's torch lacks are found with the reason, and cannot be added", async () => {
    const reason = "Muon needs torch 2.9 or newer; this is 2.6.0.";
    useCatalogue.setState({
      unavailable: [{ type: "Muon", display_name: "Muon", category: "Optimizers", reason }],
    });
    const { user } = renderPart(<Palette />);
    await user.type(search(), "muon{Enter}");
    expect(listed()).toEqual([`Muon${reason}`]);
    expect(screen.queryByText("No node type found")).toBeNull();
    expect(added()).toEqual([]);
  });

  test("node files that could not be used are named", () => {
    const wrong = diagnostic({ file: "mine.py", line: 12, message: "There is no name torchh." });
    useCatalogue.setState({ diagnostics: [wrong] });
    renderPart(<Palette />);
    const section = screen.getByRole("region", { name: "Node files with problems" });
    expect(section).toHaveTextContent("mine.py:12There is no name torchh.");
  });
});
