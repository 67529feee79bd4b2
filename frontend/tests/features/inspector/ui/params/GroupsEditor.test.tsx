import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { shapeOf } from "@/features/graph/model/catalogue";
import { findNode } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { undo, useGraph } from "@/features/graph/store/graph";
import { ParamField } from "@/features/inspector/ui/params/ParamField";
import type { Json } from "@/shared/api/types";
import { input, nodeType } from "../../../../helpers/catalogue";
import { graphOf } from "../../../../helpers/graphs";
import { renderPart } from "../../../../helpers/render";
import { startServerDouble } from "../../../../helpers/server";
import { freshPage } from "../../../../helpers/stores";

startServerDouble();

const OPTIMIZER = {
  lr: input("FLOAT", { default: 0.001 }),
  weight_decay: input("FLOAT", { default: 0.01 }),
  groups: input("ANY", { default: [], many: true, widget: "groups", label: "Parameter groups" }),
};
const optimizer = (name: string) => nodeType(name, "optimizer", OPTIMIZER, [], { in_rules: true });

function Shown() {
  const node = useGraph((state) => findNode(state.graph, "opt"));
  const info = useCatalogue((state) => state.types.AdamW);
  const groups = info && shapeOf(info).params.find(({ name }) => name === "groups");
  return node && groups && <ParamField node={node} param={groups} problem={undefined} />;
}

async function show(...rules: Json[]) {
  freshPage(graphOf({ fc1: { type: "Linear" }, opt: { type: "AdamW", params: { groups: rules } } }));
  useCatalogue.setState({
    types: {
      AdamW: optimizer("AdamW"),
      SGD: optimizer("SGD"),
      Linear: nodeType("Linear", "layer", {}, ["output LAYER"]),
    },
  });
  const page = renderPart(<Shown />);
  await screen.findByRole("group", { name: "Parameter groups" });
  return page;
}

const rules = (): Json => findNode(useGraph.getState().graph, "opt")?.params.groups ?? null;
const FROZEN = { select: "node", match: "fc1", frozen: true };
const NO_DECAY = { select: "biases_and_norms", weight_decay: 0 };

test("a usual rule is added from the menu, and is one undo step", async () => {
  const { user } = await show();
  await user.click(screen.getByRole("button", { name: "Add a rule" }));
  await user.click(await screen.findByRole("menuitem", { name: "No weight decay on biases and norms" }));
  expect(rules()).toEqual([NO_DECAY]);
  undo();
  expect(rules()).toEqual([]);
});

test("the layer, the way of training and the settings are chosen", async () => {
  const { user } = await show({ select: "node" });
  await user.click(screen.getByRole("combobox", { name: "Rule 1: layer or block" }));
  await user.click(await screen.findByRole("option", { name: /fc1/ }));
  const factor = screen.getByRole("textbox", { name: "Rule 1: learning-rate factor" });
  await user.clear(factor);
  await user.type(factor, "1/10{Enter}");
  expect(rules()).toEqual([{ select: "node", match: "fc1", lr_factor: 0.1 }]);

  await user.click(screen.getByRole("combobox", { name: "Rule 1: how it is trained" }));
  await user.click(await screen.findByRole("option", { name: "Trained by SGD" }));
  const rate = screen.getByRole("textbox", { name: "Rule 1: learning rate" });
  expect(rate).toHaveAttribute("placeholder", "default 0.001");
  await user.type(rate, "0.5{Enter}");
  expect(rules()).toEqual([{ select: "node", match: "fc1", optimizer: "SGD", lr: 0.5 }]);

  await user.click(screen.getByRole("combobox", { name: "Rule 1: how it is trained" }));
  await user.click(await screen.findByRole("option", { name: "Frozen: not trained" }));
  expect(rules()).toEqual([FROZEN]);
  expect(screen.queryByRole("textbox")).toBeNull();
});

test("rules are moved and removed, and the focus stays in the list", async () => {
  const { user } = await show(FROZEN, NO_DECAY);
  await user.click(screen.getByRole("button", { name: "Move Rule 1 down" }));
  expect(rules()).toEqual([NO_DECAY, FROZEN]);
  expect(screen.getByRole("button", { name: "Move Rule 1 up" })).toHaveAttribute("aria-disabled", "true");
  await user.click(screen.getByRole("button", { name: "Remove Rule 1" }));
  expect(rules()).toEqual([FROZEN]);
  expect(screen.getByRole("button", { name: "Remove Rule 1" })).toHaveFocus();
  undo();
  await user.click(await screen.findByRole("button", { name: "Remove Rule 2" }));
  expect(rules()).toEqual([NO_DECAY]);
  expect(screen.getByRole("button", { name: "Remove Rule 1" })).toHaveFocus();
  await user.click(screen.getByRole("button", { name: "Remove Rule 1" }));
  expect(rules()).toBeNull();
  expect(screen.getByRole("button", { name: "Add a rule" })).toHaveFocus();
});

test("a rule that was written by hand stays as it is", async () => {
  await show({ select: "name", match: "*.bias", optimizer: "Mine" }, { select: "node", match: "gone" });
  const [first, second] = screen.getAllByRole("listitem");
  if (!first || !second) throw new Error("two rules");
  expect(within(first).getByRole("textbox", { name: "Rule 1: name pattern" })).toHaveValue("*.bias");
  expect(within(first).getByRole("combobox", { name: "Rule 1: how it is trained" })).toHaveTextContent(
    "Mine",
  );
  expect(within(second).getByRole("combobox", { name: "Rule 2: layer or block" })).toHaveTextContent("gone");
});
