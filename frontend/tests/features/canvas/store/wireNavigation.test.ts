/** A user who does anything, in any order: what was done can be undone and redone, and never breaks the document. */
import fc from "fast-check";
import { toast } from "sonner";
import { expect, test } from "vitest";
import * as blocks from "@/features/blocks/store/blocks";
import { noteKey } from "@/features/graph/model/annotations";
import { infoAt } from "@/features/graph/model/blocks/blockInfo";
import { shapeOf } from "@/features/graph/model/catalogue";
import { edgeId, moveNodes, renameNode, setParam } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { openBlock as blockNow, INPUTS, OUTPUTS } from "@/features/graph/model/scope";
import * as annotations from "@/features/graph/store/annotations";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { pasteText, takeCopy } from "@/features/graph/store/clipboard";
import * as editing from "@/features/graph/store/editing";
import { edit, openDocument, openScope, redo, undo, useGraph } from "@/features/graph/store/graph";
import { closeBlock, openBlock } from "@/features/graph/store/scope";
import { select } from "@/features/graph/store/viewState";
import type { Edge, Graph, GraphNode } from "@/shared/api/types";
import { ALL, encoderGraph } from "../../../helpers/blocks";
import { sampleGraph } from "../../../helpers/graphs";
import { freshPage } from "../../../helpers/stores";
import { breaches } from "../../../helpers/validity";

const scope = (): Graph => openScope(useGraph.getState());
const TYPES = ["Linear", "ReLU", "Add", "Concat", "Twin", "Scale", "Adam", "ModelAssembly", "TrainingLoop"];

/** The numbers that an action takes its choices from. */
type Dice = [number, number, number];

const pick = <Item>(items: readonly Item[], dice: number): Item | undefined => items[dice % items.length];
const nodeBy = (dice: number): GraphNode | undefined => pick(scope().nodes, dice);
const wireBy = (dice: number): Edge | undefined => pick(scope().edges, dice);

/** Some of the nodes, next to each other in the list. */
function some([a, b]: Dice): string[] {
  const { nodes } = scope();
  const start = nodes.length === 0 ? 0 : a % nodes.length;
  return nodes.slice(start, start + 1 + (b % 3)).map((node) => node.id);
}

function anyWire([a, b, c]: Dice): Edge | null {
  const ids = [...scope().nodes.map((node) => node.id), ...(blockNow(scope()) ? [INPUTS, OUTPUTS] : [])];
  const [source, target] = [pick(ids, a) ?? "", pick(ids, b) ?? ""];
  const output = pick(infoAt(scope(), ALL, source)?.outputs ?? [], c);
  const info = infoAt(scope(), ALL, target);
  const input = info && pick(shapeOf(info).ports, c);
  if (!output || !input) return null;
  return { source, source_output: output.name, target, target_input: input.name };
}

let clip = "";

const ACTIONS: Record<string, (dice: Dice) => unknown> = {
  add: ([a, b, c]) => {
    const info = ALL[pick(TYPES, a) ?? ""];
    if (info) editing.addNode(info, { x: b, y: c });
  },
  addInto: ([a, b]) => {
    const [info, wire] = [ALL[pick(TYPES, a) ?? ""], wireBy(b)];
    if (info && wire) editing.addNode(info, { x: 0, y: 0 }, undefined, {}, edgeId(wire));
  },
  connect: (dice) => {
    const edge = anyWire(dice);
    if (edge) editing.connectPorts(edge);
  },
  reconnect: (dice) => {
    const [old, edge] = [wireBy(dice[2]), anyWire(dice)];
    if (old && edge) editing.reconnectWire(edgeId(old), edge);
  },
  cutWire: ([a]) => {
    const wire = wireBy(a);
    if (wire) editing.deleteWire(edgeId(wire));
  },
  remove: (dice) => {
    select(some(dice));
    editing.deleteSelection();
  },
  deleteAndReconnect: (dice) => {
    select(some(dice));
    editing.deleteSelectionAndReconnect();
  },
  disable: (dice) => editing.toggleDisabled(new Set(some(dice))),
  move: ([a, b, c]) => {
    const node = nodeBy(a);
    if (node) edit((graph) => moveNodes(graph, new Map([[node.id, { x: b, y: c }]])));
  },
  rename: ([a, b]) => {
    const node = nodeBy(a);
    if (node) edit((graph) => renameNode(graph, node.id, `name ${b % 5}`));
  },
  param: ([a, b]) => {
    const node = nodeBy(a);
    if (node?.type === "Linear") edit((graph) => setParam(graph, node.id, "out_features", 1 + b));
  },
  copy: (dice) => {
    select(some(dice));
    clip = takeCopy() ?? clip;
  },
  paste: ([a]) => (clip ? pasteText(clip, { keepInputs: a % 2 === 0 }) : undefined),
  duplicate: (dice) => {
    select(some(dice));
    editing.duplicateSelection();
  },
  makeBlock: (dice) => {
    select(some(dice));
    blocks.makeBlockOfSelection("");
  },
  expand: ([a]) => {
    select(
      scope()
        .nodes.filter((node) => blockOf(node) !== undefined)
        .slice(a % 2, (a % 2) + 1)
        .map((node) => node.id),
    );
    blocks.expandSelectedBlock();
  },
  independent: ([a]) => {
    select([nodeBy(a)?.id ?? ""]);
    blocks.makeIndependent();
  },
  enter: ([a]) => {
    const inner = pick(
      scope().nodes.filter((node) => blockOf(node) !== undefined),
      a,
    );
    if (inner) openBlock(inner.id);
  },
  leave: () => closeBlock(),
  expose: ([a]) => {
    const node = nodeBy(a);
    if (node?.type === "Linear" && blockNow(scope())) blocks.toggleExposed(node, "out_features");
  },
  dropPort: ([a, b]) => {
    const open = blockNow(scope());
    const side = a % 2 === 0 ? "inputs" : "outputs";
    const port = open && pick(open[side], b);
    if (port !== undefined) blocks.removeFromBlock(side, port);
  },
  renamePort: ([a, b]) => {
    const port = pick(blockNow(scope())?.inputs ?? [], a);
    if (port !== undefined) blocks.renameOnBlock("inputs", port, `port${b % 4}`);
  },
  group: (dice) => {
    select(some(dice));
    if (some(dice).length > 0) annotations.groupSelection();
  },
  ungroup: (dice) => {
    select(some(dice));
    annotations.ungroupSelection();
  },
  membership: (dice) => {
    select(some(dice));
    annotations.changeMembership();
  },
  fold: ([a]) => {
    const group = pick(scope().groups, a);
    if (group) annotations.changeGroup(group.id, { folded: !group.folded });
  },
  note: () => annotations.addNote(),
  removeNote: ([a]) => {
    const note = pick(scope().notes, a);
    select(note ? [noteKey(note.id)] : []);
    editing.deleteSelection();
  },
  undo,
  redo,
};

const step = fc.tuple(
  fc.constantFrom(...Object.keys(ACTIONS)),
  fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999)),
);

function start(): Graph {
  const [sample, encoder] = [sampleGraph(), encoderGraph()];
  const nodes = encoder.nodes.filter((node) => node.id !== "model");
  return {
    ...sample,
    nodes: [...sample.nodes, ...nodes],
    edges: [...sample.edges, ...encoder.edges.filter((edge) => edge.target !== "model")],
    blocks: encoder.blocks,
  };
}

test("what was done can be undone and redone, and leaves the document whole", async () => {
  const goAlongWire = async (steps: [string, Dice][]): Promise<void> => {
    freshPage();
    useCatalogue.setState({ types: ALL, diagnostics: [], status: "ready" });
    openDocument({ graph: start(), graphId: null, version: null });
    clip = "";
    for (const [name, dice] of steps) {
      await ACTIONS[name]?.(dice);
      expect(breaches(useGraph.getState().graph, ALL), name).toEqual([]);
    }
    toast.dismiss();
    const { pastStates, futureStates } = useGraph.temporal.getState();
    const [back, ahead] = [pastStates.length, futureStates.length];
    const first = pastStates[0]?.graph ?? useGraph.getState().graph;
    const last = useGraph.getState().graph;
    for (let step = 0; step < back; step++) undo();
    expect(useGraph.getState().graph).toBe(first);
    for (let step = 0; step < back; step++) redo();
    expect(useGraph.getState().graph).toBe(last);
    expect(useGraph.temporal.getState().futureStates).toHaveLength(ahead);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 150, maxLength: 300, size: "max" }), goAlongWire),
    {
      numRuns: 12,
    },
  );
}, 120_000);
