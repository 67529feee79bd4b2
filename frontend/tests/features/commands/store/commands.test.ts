import { beforeEach, describe, expect, test } from "vitest";
import { COMMANDS, type Command, type CommandId, command } from "@/features/commands/store/commands";
import { renameGraph } from "@/features/graph/model/document";
import { edit, useGraph } from "@/features/graph/store/graph";
import { select, useViewState } from "@/features/graph/store/viewState";
import { useUi } from "@/shared/store/ui";
import { sampleGraph } from "../../../helpers/graphs";
import { freshPage } from "../../../helpers/stores";

const ALL: [string, Command][] = Object.entries(COMMANDS);
const act = (id: CommandId): unknown => command(id).run();

beforeEach(() => freshPage(sampleGraph()));

test("no two commands have the same title, or share a key", () => {
  const titles = ALL.map(([, { title }]) => title);
  const keys = ALL.flatMap(([, item]) => item.keys?.split(",").map((key) => key.trim()) ?? []);
  expect(new Set(titles).size).toBe(titles.length);
  expect(new Set(keys).size).toBe(keys.length);
});

test("a key that works while typing is never one that types", () => {
  const typing = ALL.filter(([, item]) => item.whileTyping);
  for (const [id, { keys = "" }] of typing) expect(`${id}: ${keys}`).toMatch(/: mod\+/);
});

describe("what they do", () => {
  test("undo and redo step through the document's history", () => {
    edit((graph) => renameGraph(graph, "Other"));
    act("undo");
    expect(useGraph.getState().graph.name).toBe("Test graph");
    act("redo");
    expect(useGraph.getState().graph.name).toBe("Other");
  });

  test.each([
    ["training", "training"],
    ["runs", "runs"],
    ["problems", "problems"],
    ["logs", "logs"],
  ] as const)("%s opens its drawer", (id, tab) => {
    act(id);
    expect(useUi.getState()).toMatchObject({ drawerOpen: true, drawerTab: tab });
  });

  test.each([
    ["leftPanel", "leftOpen"],
    ["rightPanel", "rightOpen"],
  ] as const)("%s folds and unfolds", (id, side) => {
    const before = useUi.getState()[side];
    act(id);
    expect(useUi.getState()[side]).toBe(!before);
    act(id);
    expect(useUi.getState()[side]).toBe(before);
  });

  test.each(["commands", "help"] as const)("%s opens its dialog", (id) => {
    act(id);
    expect(useUi.getState().dialog).toBe(id);
  });

  test("open shows the graphs", () => {
    act("open");
    expect(useUi.getState()).toMatchObject({ leftOpen: true, leftTab: "graphs" });
  });

  test("delete, select all and disable act on the selection", () => {
    select(["fc1"]);
    act("delete");
    act("selectAll");
    expect(useViewState.getState().nodes.size).toBe(8);
    act("disable");
    expect(useGraph.getState().graph.nodes.some((node) => node.disabled)).toBe(true);
  });

  test("add a node opens the small list, fit asks the canvas", () => {
    act("addNode");
    act("fit");
    expect(useViewState.getState()).toMatchObject({
      quickAdd: { at: null, from: null },
      revealRequest: { kind: "fit" },
    });
  });
});
