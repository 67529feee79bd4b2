/** What the user does to the document: each action is one undo step and keeps the selection sensible. */

import { noteKey, notesBeside } from "@/features/graph/model/annotations";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { connectWire, reconnectWire as reconnect } from "@/features/graph/model/blocks/blockPorts";
import { fitsInBlock, linksIn } from "@/features/graph/model/blocks/makeBlock";
import { CARD, GRID } from "@/features/graph/model/card";
import { whyNotConnect } from "@/features/graph/model/connections/connection";
import { deleteAndReconnect } from "@/features/graph/model/connections/deleteAndReconnect";
import { insertIntoWire } from "@/features/graph/model/connections/insert";
import { applyFix, nodeToFix } from "@/features/graph/model/diagnosticFixes";
import * as doc from "@/features/graph/model/document";
import { findEnd, openBlock, wouldContainItself } from "@/features/graph/model/scope";
import type { Edge, Fix, GraphNode, NodeInfo, Position } from "@/shared/api/types";
import { plural } from "@/shared/lib/format";
import { toast } from "@/shared/store/toast";
import { openDrawer } from "@/shared/store/ui";
import { useCatalogue } from "./catalogue";
import { amend, edit, editDocument, openScope, useGraph } from "./graph";
import { closeBlock, goTo } from "./scope";
import { tidyApart } from "./tidy";
import { fitView, select, useViewState } from "./viewState";

const PASTE_OFFSET = { x: 30, y: 30 } as const;
const snap = (value: number): number => Math.round(value / GRID) * GRID;
const graphNow = () => openScope(useGraph.getState());
const typesNow = () => useCatalogue.getState().types;

/**
 * Adds a node, or says why not; returns its id. With `wire` it comes with the wire that it was added for, with
 * `into` it is put into a wire that is there.
 */
export function addNode(
  info: NodeInfo,
  position: Position,
  wire?: (id: string) => Edge | null,
  params: GraphNode["params"] = {},
  into: string | null = null,
): string {
  let added = "";
  if (openBlock(graphNow()) && !fitsInBlock(info)) {
    toast.error(`${info.display_name} cannot be inside a block.`, {
      description: "A block holds layers, operations and other blocks.",
    });
    return added;
  }
  edit((graph) => {
    const { graph: next, id } = doc.addNode(graph, info, position, params);
    added = id;
    const edge = wire?.(id);
    const wired = edge ? connectWire(next, typesNow(), edge) : next;
    return (into !== null && insertIntoWire(wired, typesNow(), id, into)) || wired;
  });
  select([added]);
  return added;
}

/** Adds a node in the middle of what is seen, beside what is already there; its parameters may differ from the defaults. */
export function addAtCentre(info: NodeInfo, params: GraphNode["params"] = {}): void {
  addNode(info, freePosition(), undefined, params);
}

/** A place for another node in the middle of what is seen. */
export function freePosition(): Position {
  const { camera } = useViewState.getState();
  const middle = camera ? camera.toDocument(camera.middle()) : { x: 0, y: 0 };
  const place = { x: snap(middle.x - CARD.width / 2), y: snap(middle.y - CARD.header / 2) };
  const taken = (at: Position): boolean =>
    graphNow().nodes.some(({ position }) => position?.x === at.x && position.y === at.y);
  while (taken(place)) {
    place.x += PASTE_OFFSET.x;
    place.y += PASTE_OFFSET.y;
  }
  return place;
}

/** Draws a wire, or says why not. An input's old wire gives way in the same step. */
export function connectPorts(edge: Edge): boolean {
  const reason = whyNotConnect(graphNow(), typesNow(), edge);
  if (reason) {
    toast.error(reason);
    return false;
  }
  edit((graph) => connectWire(graph, typesNow(), edge));
  return true;
}

/** Puts a wire's end elsewhere, or says why not. */
export function reconnectWire(oldId: string, edge: Edge): void {
  const reason = whyNotConnect(doc.remove(graphNow(), new Set(), new Set([oldId])), typesNow(), edge);
  if (reason) toast.error(reason);
  else edit((graph) => reconnect(graph, typesNow(), oldId, edge));
}

export function deleteSelection(): void {
  const { nodes, edges } = useViewState.getState();
  if (nodes.size + edges.size === 0) return;
  edit((graph) => doc.remove(graph, nodes, edges));
  select([]);
}

/** Deletes the selected nodes and joins what was before them to what was behind them, as one step. */
export function deleteSelectionAndReconnect(): void {
  const { nodes } = useViewState.getState();
  if (nodes.size === 0) return;
  const { graph, open } = deleteAndReconnect(graphNow(), typesNow(), nodes);
  edit(() => graph);
  select([]);
  if (open.length === 0) return;
  const behind = [...new Set(open.map((edge) => labelAt(edge.target)))];
  toast.info(`${plural(open.length, "wire")} could not be joined: into ${listed(behind)}.`, {
    description: "No output before the deleted nodes fits there.",
  });
}

function labelAt(id: string): string {
  const end = findEnd(graphNow(), id);
  return end ? doc.nodeLabel(end) : id;
}

function listed(names: readonly string[]): string {
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names;
  return shown.join(", ").replace(/, ([^,]*)$/, " and $1");
}

export function deleteWire(id: string): void {
  edit((graph) => doc.remove(graph, new Set(), new Set([id])));
}

export function selectAll(): void {
  const { nodes, notes } = graphNow();
  select([...nodes.map((node) => node.id), ...notes.map((note) => noteKey(note.id))]);
}

/** Switches the selected nodes off; when all of them are off, on again. */
export function toggleDisabled(ids: ReadonlySet<string> = useViewState.getState().nodes): void {
  const nodes = graphNow().nodes.filter((node) => ids.has(node.id));
  const info = (node: GraphNode) => infoOf(graphNow(), typesNow(), node);
  const able = nodes.filter((node) => info(node)?.can_disable);
  const fixed = nodes.find((node) => !able.includes(node));
  if (fixed && able.length === 0) {
    const reason = info(fixed)?.disable_reason;
    toast.error(`${doc.nodeLabel(fixed)} cannot be switched off.`, {
      ...(reason && { description: reason }),
    });
  }
  if (able.length === 0) return;
  const off = able.some((node) => !node.disabled);
  edit((graph) => doc.setDisabled(graph, new Set(able.map((node) => node.id)), off));
}

export function duplicateSelection(): void {
  insertFragment(doc.fragmentOf(graphNow(), useViewState.getState().nodes), PASTE_OFFSET);
}

/** Inserts copies and selects them, or says why not. */
export function insertFragment(
  fragment: doc.Fragment,
  offset: Position,
  comesIn?: (edge: Edge) => boolean,
): void {
  if (fragment.nodes.length + (fragment.notes?.length ?? 0) === 0) return;
  const scope = graphNow();
  const links = linksIn({ ...scope, blocks: { ...fragment.blocks, ...scope.blocks } }, typesNow());
  const { graph, ids } = doc.insert(scope, fragment, offset, links, comesIn);
  const inserted = graph.nodes.filter((node) => ids.includes(node.id));
  const stranger = openBlock(scope) && inserted.find((node) => !fitsInBlock(infoOf(graph, typesNow(), node)));
  if (wouldContainItself(graph, inserted)) toast.error("A block cannot contain itself.");
  else if (stranger) toast.error(`${doc.nodeLabel(stranger)} cannot be inside a block.`);
  else {
    edit(() => graph);
    select(ids);
  }
}

/** Lays the graph out anew. As an edit it can be undone; as a first layout it is none. */
export async function tidyGraph(how: typeof edit | typeof amend = edit): Promise<void> {
  const scope = graphNow();
  const { graphId, path } = useGraph.getState();
  const places = await tidyApart(scope, typesNow());
  const now = useGraph.getState();
  // Another document or block that was opened meanwhile stays what it is; so do nodes that came since.
  if (now.graphId !== graphId || now.path !== path) return;
  how((graph) => doc.moveNodes(graph, new Map([...places, ...notesBeside(graph, places)])));
  fitView();
}

/** Gives a document that came without places its first layout. */
export async function placeIfNeeded(): Promise<void> {
  const { nodes } = graphNow();
  if (nodes.length > 0 && nodes.some((node) => node.position === null)) await tidyGraph(amend);
}

/** Selects a node and opens the drawer that says what is wrong with it. */
export function showProblem(id: string, tab: "problems" | "logs"): void {
  select([id]);
  openDrawer(tab);
}

/** Adds a node that brings this dataset: the first type of the catalogue with a parameter for one. */
export function addDatasetNode(name: string): void {
  closeBlock(0);
  for (const info of Object.values(typesNow())) {
    const param = Object.entries(info.inputs).find(([, input]) => input.widget === "dataset");
    if (!param) continue;
    addAtCentre(info, { [param[0]]: name });
    return;
  }
}

/** Does what a problem's remedy says, as one step, and shows the node that it is about. */
export function applyDiagnosticFix(fix: Fix): void {
  const next = applyFix(useGraph.getState().graph, typesNow(), fix);
  if (!next) {
    toast.info(`“${fix.label}” no longer fits the graph.`, { description: "It was changed since." });
    return;
  }
  editDocument(() => next);
  const about = nodeToFix(fix);
  if (about !== undefined) goTo(about);
}
