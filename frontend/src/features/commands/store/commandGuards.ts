/** Why a command is not possible now, as a sentence; null if it is. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { whyNotExpand } from "@/features/graph/model/blocks/expandBlock";
import { whyNotBlock } from "@/features/graph/model/blocks/makeBlock";
import { findNode } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { openBlock, usesOf } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import { activeRun, liveRun, useRuns } from "@/features/runs/store/runs";
import { isStudyPart } from "@/features/studies/model/studyParts";
import { plural } from "@/shared/lib/format";
import { useServer } from "@/shared/store/server";

export type Reason = string | null;

const scope = () => openScope(useGraph.getState());
const types = () => useCatalogue.getState().types;
const selected = () => useViewState.getState().nodes;
const unless = (possible: boolean, reason: string): Reason => (possible ? null : reason);

export const needsSession = (): Reason =>
  unless(useServer.getState().hasSession, "You are not signed in with a token.");

export const needsNodes = (): Reason => unless(scope().nodes.length > 0, "There are no nodes here yet.");

export const needsSelection = (): Reason => unless(selected().size > 0, "Select a node first.");

export const needsNode = (): Reason =>
  unless(
    scope().nodes.some((node) => selected().has(node.id)),
    "Select a node first.",
  );

export const needsGroup = (): Reason =>
  unless(
    scope().groups.some((group) => group.nodes.some((id) => selected().has(id))),
    "Select a node of a group first.",
  );

export const needsSeveral = (least: number) => (): Reason =>
  unless(selected().size >= least, `Select at least ${plural(least, "node")} first.`);

export const needsOne = (): Reason => unless(selected().size === 1, "Select one node first.");

export const needsAnything = (): Reason =>
  unless(selected().size + useViewState.getState().edges.size > 0, "Select a node or a wire first.");

export const needsPast = (): Reason =>
  unless(useGraph.temporal.getState().pastStates.length > 0, "There is nothing to undo.");

export const needsFuture = (): Reason =>
  unless(useGraph.temporal.getState().futureStates.length > 0, "There is nothing to redo.");

/** Require something downstream of the selection to reconnect. */
export function needsNeighbours(): Reason {
  const leaves = scope().edges.some((edge) => selected().has(edge.source) && !selected().has(edge.target));
  return needsSelection() ?? unless(leaves, "There is nothing downstream to reconnect.");
}

/** Require a selected node that can be disabled; for a single node, returns its own reason. */
export function needsSwitch(): Reason {
  const infos = scope().nodes.flatMap((node) =>
    selected().has(node.id) ? [infoOf(scope(), types(), node)] : [],
  );
  const own = infos.length === 1 ? infos[0]?.disable_reason : "";
  const reason =
    infos.length === 1 ? own || "This node cannot be disabled." : "None of these can be disabled.";
  return needsSelection() ?? unless(!infos.length || infos.some((info) => info?.can_disable ?? true), reason);
}

/** Return the paths of the selected nodes, or of these, that a study can remove. */
export function selectedStudyParts(ids: ReadonlySet<string> = selected()): string[] {
  const able = scope().nodes.filter(
    (node) => ids.has(node.id) && isStudyPart(infoOf(scope(), types(), node)) && !node.disabled,
  );
  return able.map(({ id }) => [...useGraph.getState().path, id].join("/"));
}

const NO_PART = "A study can remove only layers, blocks and schedulers.";

/** Require something in the selection that a study can remove; for a single node, returns its own reason. */
export function needsStudyParts(): Reason {
  const one = scope().nodes.find((node) => selected().has(node.id) && selected().size === 1);
  const off = one?.disabled ? "It is already disabled." : null;
  return needsNode() ?? off ?? needsSwitch() ?? unless(selectedStudyParts().length > 0, NO_PART);
}

export const needsBlockable = (): Reason => needsSelection() ?? whyNotBlock(scope(), types(), selected());

export const needsOpenBlock = (): Reason => unless(openBlock(scope()) !== undefined, "No block is open.");

function selectedBlock() {
  const [id] = selected();
  const node = id === undefined || selected().size > 1 ? undefined : findNode(scope(), id);
  return node && blockOf(node) !== undefined ? node : undefined;
}

export const needsBlock = (): Reason => unless(selectedBlock() !== undefined, "Select a block first.");

export const needsSomeBlock = (): Reason =>
  openBlock(scope()) && selected().size === 0 ? null : needsBlock();

export function needsExpandable(): Reason {
  const node = selectedBlock();
  return node ? whyNotExpand(scope(), node.id) : needsBlock();
}

export function needsTwins(): Reason {
  const node = selectedBlock();
  const uses = usesOf(useGraph.getState().graph, (node && blockOf(node)) ?? "");
  return needsBlock() ?? unless(uses > 1, "It is already the only one of its kind.");
}

export function needsValidGraph(): Reason {
  const errors =
    useGraph.getState().report?.diagnostics.filter((one) => one.severity === "error").length ?? 0;
  return (
    unless(useGraph.getState().graph.nodes.length > 0, "There is nothing to run: add nodes first.") ??
    unless(errors === 0, `The graph has ${plural(errors, "problem")}: see Problems.`)
  );
}

export const needsRunning = (): Reason =>
  unless(liveRun(useRuns.getState())?.state === "running", "No run is training.");

export const needsLive = (): Reason =>
  unless(liveRun(useRuns.getState()) !== undefined, "No run is training or waiting.");

export function needsResting(): Reason {
  const state = liveRun(useRuns.getState())?.state ?? activeRun(useRuns.getState())?.state;
  return unless(state === "paused" || state === "interrupted", "No run is paused or interrupted.");
}
