import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, test } from "vitest";
import * as blocks from "@/features/blocks/store/blocks";
import { addFromLibrary, loadLibrary, removeFromLibrary, useLibrary } from "@/features/blocks/store/library";
import { findNode } from "@/features/graph/model/document";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { pasteText, takeCopy } from "@/features/graph/store/clipboard";
import * as editing from "@/features/graph/store/editing";
import { openDocument, openScope, redo, undo, useGraph } from "@/features/graph/store/graph";
import { closeBlock, goTo, openBlock } from "@/features/graph/store/scope";
import { select, useViewState } from "@/features/graph/store/viewState";
import type { BlockRecord, Graph } from "@/shared/api/types";
import { useUi } from "@/shared/store/ui";
import { ALL, encoderGraph } from "../../../helpers/blocks";
import { graphOf, sampleGraph } from "../../../helpers/graphs";
import { server, startServerDouble, toasts } from "../../../helpers/server";
import { freshPage } from "../../../helpers/stores";

startServerDouble();

const now = (): Graph => useGraph.getState().graph;
const scope = (): Graph => openScope(useGraph.getState());
const path = () => useGraph.getState().path;
const selected = (): string[] => [...useViewState.getState().nodes];
const stepsBack = (): number => useGraph.temporal.getState().pastStates.length;

beforeEach(() => {
  freshPage(encoderGraph({ width: 8 }));
  useCatalogue.setState({ types: ALL });
  useLibrary.setState(useLibrary.getInitialState(), true);
});

describe("going in and out", () => {
  test("the selected block opens; coming back it is selected", () => {
    select(["enc"]);
    openBlock();
    expect([path(), selected()]).toEqual([["enc"], []]);
    closeBlock();
    expect([path(), selected()]).toEqual([[], ["enc"]]);
    closeBlock();
    expect(path()).toEqual([]);
  });

  test("a node that is not a block does not open", () => {
    openBlock("head");
    expect(path()).toEqual([]);
  });

  test("edits inside change the definition; undo works from outside", () => {
    openBlock("enc");
    editing.addNode(ALL.ReLU ?? never(), { x: 0, y: 0 });
    expect(scope().nodes).toHaveLength(3);
    closeBlock();
    undo();
    expect(now().blocks.mlp?.nodes).toHaveLength(2);
  });

  test("a block that an undo takes away closes, and a redo does not open it again", () => {
    openDocument({ graph: sampleGraph(), graphId: null, version: null });
    select(["fc1", "act"]);
    blocks.makeBlockOfSelection("Part");
    openBlock("part");
    expect(path()).toEqual(["part"]);
    undo();
    expect([path(), now().nodes.length]).toEqual([[], 9]);
    redo();
    expect(path()).toEqual([]);
  });

  test("a path id leads to its node, wherever it is", () => {
    expect(goTo("enc/fc")).toBe(true);
    expect([path(), selected()]).toEqual([["enc"], ["fc"]]);
    expect(goTo("head")).toBe(true);
    expect([path(), selected()]).toEqual([[], ["head"]]);
    expect(goTo("gone")).toBe(false);
  });

  test("another document is shown from outside", () => {
    openBlock("enc");
    openDocument({ graph: encoderGraph(), graphId: null, version: null });
    expect(path()).toEqual([]);
  });

  test("a document from before there were blocks has none", () => {
    const { blocks: _none, ...old } = graphOf({ a: "ReLU" });
    openDocument({ graph: old as Graph, graphId: null, version: null });
    expect(now().blocks).toEqual({});
  });
});

const never = (): never => {
  throw new Error("the helper's catalogue has it");
};

describe("making and expanding", () => {
  test("the name is asked for; the block is selected, one step", () => {
    openDocument({ graph: sampleGraph(), graphId: null, version: null });
    select(["fc1", "act"]);
    blocks.askForBlock();
    expect(useUi.getState().dialog).toBe("makeBlock");
    expect(blocks.freshBlockName()).toBe("Block 1");
    blocks.makeBlockOfSelection("  ");
    expect([selected(), stepsBack()]).toEqual([["block_1"], 1]);
    expect(blocks.freshBlockName()).toBe("Block 2");
  });

  test("a selection that cannot become a block reports why, and no dialog opens", () => {
    select(["model"]);
    blocks.askForBlock();
    expect(useUi.getState().dialog).toBeNull();
    expect(toasts().join()).toMatch(/model cannot be inside a block/);
  });

  test("expanded, its nodes are selected and the definition that nothing uses is gone", () => {
    select(["enc"]);
    blocks.expandSelectedBlock();
    expect([selected(), Object.keys(now().blocks), stepsBack()]).toEqual([["fc", "act"], [], 1]);
    undo();
    expect(findNode(now(), "enc")).toBeDefined();
  });

  test("a copy made independent no longer follows", () => {
    select(["enc"]);
    editing.duplicateSelection();
    blocks.makeIndependent();
    expect(Object.keys(now().blocks)).toEqual(["mlp", "mlp_2"]);
    blocks.makeIndependent();
    expect(toasts().join()).toMatch(/only one of its kind/);
  });

  test("what does not belong inside is not added there", () => {
    openBlock("enc");
    editing.addNode(ALL.TrainingLoop ?? never(), { x: 0, y: 0 });
    expect(scope().nodes).toHaveLength(2);
    expect(toasts()).toContain("Training Loop cannot be inside a block.");
  });

  test("a block pasted into itself is refused", async () => {
    select(["enc"]);
    const text = takeCopy() ?? "";
    openBlock("enc");
    await pasteText(text);
    expect(scope().nodes).toHaveLength(2);
    expect(toasts()).toContain("A block cannot contain itself.");
  });

  test("copied from one document, a block is whole in another", async () => {
    select(["enc"]);
    const text = takeCopy() ?? "";
    openDocument({ graph: graphOf({}), graphId: null, version: null });
    await pasteText(text);
    expect(Object.keys(now().blocks)).toEqual(["mlp"]);
  });
});

describe("ports and parameters of the open block", () => {
  beforeEach(() => openBlock("enc"));

  test("a port is renamed with the wires outside, in one step; a taken name is refused", () => {
    blocks.renameOnBlock("outputs", "output", "hidden");
    expect(now().edges[0]).toMatchObject({ source: "enc", source_output: "hidden" });
    expect(stepsBack()).toBe(1);
    blocks.renameOnBlock("inputs", "input", "width");
    expect(toasts()).toContain("The block has a port or parameter “width” already.");
  });

  test("a port that is removed takes its wires outside along", () => {
    blocks.removeFromBlock("outputs", "output");
    expect(now().edges).toHaveLength(1);
  });

  test("a parameter is exposed and hidden again, with the values that nodes had", () => {
    const fc = findNode(scope(), "fc") ?? never();
    blocks.toggleExposed(fc, "bias");
    expect(Object.keys(now().blocks.mlp?.params ?? {})).toEqual(["width", "bias"]);
    blocks.toggleExposed(fc, "out_features");
    expect(findNode(now(), "enc")?.params).toEqual({ block: "mlp" });
    undo();
    expect(findNode(now(), "enc")?.params).toEqual({ block: "mlp", width: 8 });
  });

  test("the block gets another name", () => {
    blocks.renameBlock("mlp", "Encoder");
    expect(now().blocks.mlp?.name).toBe("Encoder");
  });
});

describe("the library", () => {
  const record = (): BlockRecord => ({
    id: "r1",
    name: "MLP",
    block: "mlp",
    blocks: encoderGraph().blocks,
    created: 0,
  });

  test("a block is kept with all that it uses", async () => {
    let kept: unknown;
    server.use(
      http.post("/api/blocks", async ({ request }) => {
        kept = await request.json();
        return HttpResponse.json(record(), { status: 201 });
      }),
      http.get("/api/blocks", () => HttpResponse.json([record()])),
    );
    select(["enc"]);
    blocks.saveBlock();
    await expect.poll(() => useLibrary.getState().records).toHaveLength(1);
    expect(kept).toMatchObject({ name: "MLP", block: "mlp", blocks: { mlp: { name: "MLP" } } });
  });

  test("one is added with its definitions, in one step", () => {
    openDocument({ graph: graphOf({}), graphId: null, version: null });
    addFromLibrary(record(), { x: 0, y: 0 });
    expect([Object.keys(now().blocks), selected(), stepsBack()]).toEqual([["mlp"], ["mlp1"], 1]);
    undo();
    expect(now().blocks).toEqual({});
  });

  test("one is deleted", async () => {
    server.use(
      http.get("/api/blocks", () => HttpResponse.json([record()])),
      http.delete("/api/blocks/r1", () => new HttpResponse(null, { status: 204 })),
    );
    await loadLibrary();
    await removeFromLibrary("r1");
    expect(useLibrary.getState().records).toEqual([]);
  });
});
