import { expect, test } from "vitest";
import { arrangeSelection } from "@/features/graph/store/arrange";
import { undo, useGraph } from "@/features/graph/store/graph";
import { select } from "@/features/graph/store/viewState";
import { graphOf } from "../../../helpers/graphs";
import { freshPage } from "../../../helpers/stores";

test("the selected nodes are put in line in one step, the others stay", () => {
  const at = (x: number, y: number) => ({ type: "ReLU", position: { x, y } });
  freshPage(graphOf({ a: at(0, 0), b: at(50, 100), c: at(90, 200) }));
  select(["a", "b"]);
  const columns = () => useGraph.getState().graph.nodes.map(({ position }) => position?.x);
  arrangeSelection("left");
  expect(columns()).toEqual([0, 0, 90]);
  undo();
  expect(columns()).toEqual([0, 50, 90]);
});
