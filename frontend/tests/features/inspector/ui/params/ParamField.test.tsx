import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, test } from "vitest";
import { shapeOf } from "@/features/graph/model/catalogue";
import { findNode } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { undo, useGraph } from "@/features/graph/store/graph";
import { ParamField } from "@/features/inspector/ui/params/ParamField";
import type { Diagnostic, InputInfo, Json } from "@/shared/api/types";
import { input, nodeType } from "../../../../helpers/catalogue";
import { diagnostic } from "../../../../helpers/diagnostics";
import { graphOf } from "../../../../helpers/graphs";
import { renderPart } from "../../../../helpers/render";
import { server, startServerDouble } from "../../../../helpers/server";
import { freshPage } from "../../../../helpers/stores";

startServerDouble();

const column = (name: string, dtype: string) => ({ name, dtype, missing: 0 });
const DATASETS = [
  {
    id: "d1",
    name: "iris.csv",
    rows: 150,
    columns: [column("width, mm", "float"), column("species", "text")],
  },
];

beforeEach(() => {
  server.use(http.get("/api/datasets", () => HttpResponse.json(DATASETS)));
});

function Shown({ problem }: { problem?: Diagnostic | undefined }) {
  const node = useGraph((state) => findNode(state.graph, "n1"));
  const info = useCatalogue((state) => state.types.Thing);
  const params = info ? shapeOf(info).params : [];
  return (
    node && params.map((param) => <ParamField key={param.name} node={node} param={param} problem={problem} />)
  );
}

/** Shows the form of a node with these parameters, some of them stated. */
function show(inputs: Record<string, InputInfo>, params: Record<string, Json> = {}, problem?: Diagnostic) {
  freshPage(graphOf({ n1: { type: "Thing", params } }));
  useCatalogue.setState({ types: { Thing: nodeType("Thing", "layer", inputs, []) } });
  return renderPart(<Shown problem={problem} />);
}

const params = (): Record<string, Json> => findNode(useGraph.getState().graph, "n1")?.params ?? {};
const field = (name: string): HTMLElement => screen.getByRole("textbox", { name });

describe("a control for each kind of parameter", () => {
  test("a number", async () => {
    const { user } = show({ lr: input("FLOAT", { default: 0.001 }) });
    expect(field("lr")).toHaveValue("0.001");
    await user.clear(field("lr"));
    await user.type(field("lr"), "0.1{Enter}");
    expect(params()).toEqual({ lr: 0.1 });
  });

  test("a number that may be off", async () => {
    const { user } = show({ clip: input("FLOAT", { default: 1, nullable: true, empty: "off" }) });
    await user.clear(field("clip"));
    await user.tab();
    expect(params()).toEqual({ clip: null });
    expect(field("clip")).toHaveAttribute("placeholder", "off");
  });

  test("sizes in one field: a number, several, or a word", async () => {
    const { user } = show({
      padding: input("INT", { default: 0, many: true, length: 2, single: true, words: ["same", "valid"] }),
    });
    const type = async (text: string) => {
      await user.clear(field("padding"));
      await user.type(field("padding"), `${text}{Enter}`);
      return params()?.padding;
    };
    expect(await type("3, 1")).toEqual([3, 1]);
    expect(field("padding")).toHaveValue("3, 1");
    expect(await type("Same")).toBe("same");
    expect(await type("2")).toBe(2);
    expect(await type("two")).toBe(2);
    expect(field("padding")).toHaveValue("two");
    expect(screen.getByRole("alert")).toHaveTextContent("padding needs a number");
  });

  test("a switch", async () => {
    const { user } = show({ bias: input("BOOL", { default: true }) });
    await user.click(screen.getByRole("switch", { name: "bias" }));
    expect(params()).toEqual({ bias: false });
  });

  test("text", async () => {
    const { user } = show({ file_name: input("STRING", { default: "model" }) });
    await user.clear(field("file name"));
    await user.type(field("file name"), "net{Enter}");
    expect(params()).toEqual({ file_name: "net" });
  });

  test("a choice, of any type of value", async () => {
    const { user } = show({
      scaling: input("STRING", { default: "standard", choices: ["standard", null, 2] }),
    });
    screen.getByRole("combobox", { name: "scaling" }).focus();
    await user.keyboard("{Enter}");
    expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual([
      "standard",
      "none",
      "2",
    ]);
    await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(params()).toEqual({ scaling: 2 });
  });

  test("a choice among many is searched", async () => {
    const choices = ["default", ..."abcdefgh"].map((name) => `${name} init`);
    const { user } = show({ weight_init: input("STRING", { default: "default init", choices }) });
    await user.click(screen.getByRole("combobox", { name: "weight init" }));
    expect(screen.getAllByRole("option")).toHaveLength(9);
    await user.keyboard("c in{Enter}");
    expect(params()).toEqual({ weight_init: "c init" });
    expect(screen.getByRole("combobox", { name: "weight init" })).toHaveTextContent("c init");
  });

  test("a switch that may be left open is a choice of three", async () => {
    const { user } = show({ align_corners: input("BOOL", { default: null, nullable: true }) });
    screen.getByRole("combobox", { name: "align corners" }).focus();
    await user.keyboard("{Enter}");
    expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual(["none", "on", "off"]);
    await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(params()).toEqual({ align_corners: false });
  });

  test("long help is cut, until it is asked for", async () => {
    const { user } = show({ bias: input("INT", { default: 1, description: "word ".repeat(60) }) });
    expect(screen.getByText(/^word word/)).toHaveClass("line-clamp-3");
    await user.click(screen.getByRole("button", { name: "More" }));
    expect(screen.getByText(/^word word/)).not.toHaveClass("line-clamp-3");
  });

  test("a dataset, by its name", async () => {
    const { user } = show({ file: input("DATASET", { default: "", widget: "dataset" }) });
    screen.getByRole("combobox", { name: "file" }).focus();
    await user.keyboard("{Enter}");
    await user.click(await screen.findByRole("option", { name: /iris\.csv/ }));
    expect(params()).toEqual({ file: "iris.csv" });
  });

  test("columns of the dataset that the node reads", async () => {
    const inputs = {
      file: input("DATASET", { default: "iris.csv", widget: "dataset" }),
      input_columns: input("STRING", { default: "", widget: "columns" }),
    };
    const { user } = show(inputs);
    await user.click(await screen.findByRole("button", { name: /width, mm/ }));
    await user.click(screen.getByRole("button", { name: /species/ }));
    expect(params()).toEqual({ input_columns: '"width, mm", species' });
    await user.click(screen.getByRole("button", { name: /species/ }));
    expect(params()).toEqual({ input_columns: '"width, mm"' });
  });
});

describe("a value of several numbers", () => {
  const betas = input("FLOAT", { default: [0.9, 0.999], min: 0, max: 1, length: 2 });

  test("has a field for each", () => {
    show({ betas });
    const fields = within(screen.getByRole("group", { name: "betas" })).getAllByRole("textbox");
    expect(fields).toEqual([field("betas 1"), field("betas 2")]);
    expect([field("betas 1"), field("betas 2")].map((part) => part.getAttribute("value"))).toEqual([
      "0.9",
      "0.999",
    ]);
  });

  test("one is changed, the other stays", async () => {
    const { user } = show({ betas });
    await user.clear(field("betas 2"));
    await user.type(field("betas 2"), "0.99{Enter}");
    expect(params()).toEqual({ betas: [0.9, 0.99] });
  });

  test("put back by hand, the default is no longer stated", async () => {
    const { user } = show({ betas }, { betas: [0.8, 0.999] });
    await user.clear(field("betas 1"));
    await user.type(field("betas 1"), "0.9{Enter}");
    expect(params()).toEqual({});
  });

  test("the same number in another notation is not an edit", async () => {
    const { user } = show({ betas }, { betas: [0.8, 0.999] });
    await user.clear(field("betas 1"));
    await user.type(field("betas 1"), "0.80{Enter}");
    expect(useGraph.temporal.getState().pastStates).toHaveLength(0);
  });

  test("a value that is none shows empty fields; what is typed is filled up from the default", async () => {
    const { user } = show({ betas }, { betas: "high" });
    expect([field("betas 1"), field("betas 2")].map((part) => part.getAttribute("value"))).toEqual(["", ""]);
    await user.type(field("betas 1"), "0.5{Enter}");
    expect(params()).toEqual({ betas: [0.5, 0.999] });
  });

  test("that may be off, it goes off as a whole", async () => {
    const { user } = show({ betas: { ...betas, nullable: true } });
    await user.clear(field("betas 1"));
    await user.tab();
    expect(params()).toEqual({ betas: null });
  });

  test("the way back names them all", async () => {
    const { user } = show({ betas }, { betas: [0.5, 0.5] });
    await user.click(screen.getByRole("button", { name: "Reset to default, 0.9, 0.999" }));
    expect(params()).toEqual({});
  });
});

describe("what stands around the control", () => {
  const lr = input("FLOAT", { default: 0.001, label: "Learning rate", description: "Size of a step." });

  test("its label and its help belong to it", () => {
    show({ lr });
    expect(field("Learning rate")).toHaveAccessibleDescription("Size of a step · default 0.001");
  });

  test.each([
    ["a choice", "combobox", "Which one · default a", { dtype: "STRING", choices: ["a", "b"] }],
    ["a dataset", "combobox", "Which one", { dtype: "DATASET", widget: "dataset" }],
    ["columns", "textbox", "Which one", { dtype: "STRING", widget: "columns" }],
  ] as const)("also where it is %s", (_kind, role, help, { dtype, ...rest }) => {
    show({ which: input(dtype, { default: "a", description: "Which one.", ...rest } as never) });
    expect(screen.getByRole(role)).toHaveAccessibleDescription(help);
  });

  test("what is wrong is read with it", () => {
    const message = "Must be at least 0.";
    const problem = diagnostic({ node: "n1", port: "lr", message, hint: "Try 0.001." });
    show({ lr }, { lr: -1 }, problem);
    expect(field("Learning rate")).toBeInvalid();
    expect(field("Learning rate")).toHaveAccessibleDescription(
      "Size of a step · default 0.001 Must be at least 0. Try 0.001.",
    );
  });

  test("the way back is offered only where the value was changed", async () => {
    const { user } = show({ lr }, { lr: 0.1 });
    await user.click(screen.getByRole("button", { name: "Reset to default, 0.001" }));
    expect(params()).toEqual({});
    expect(screen.queryByRole("button", { name: /Reset to default/ })).toBeNull();
  });

  test("a commit is one undo step", async () => {
    const { user } = show({ lr }, { lr: 0.1 });
    await user.clear(field("Learning rate"));
    await user.type(field("Learning rate"), "0.25{Enter}");
    undo();
    expect(params()).toEqual({ lr: 0.1 });
  });
});
