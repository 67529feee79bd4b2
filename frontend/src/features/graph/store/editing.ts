/** Actions on the document: each is one undo step and keeps the selection sensible. */

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
 * Add a node, or show why not; returns its id. `wire` returns a wire to add with it; `into` is a wire to
 * insert it on.
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

/** Add a node in the middle of the view, beside existing ones; its parameters may differ from the defaults. */
export function addAtCentre(info: NodeInfo, params: GraphNode["params"] = {}): void {
  addNode(info, freePosition(), undefined, params);
}

/** Return a free position in the middle of the view. */
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

/** Add a wire, or show why not. An input's old wire is removed in the same step. */
export function connectPorts(edge: Edge): boolean {
  const reason = whyNotConnect(graphNow(), typesNow(), edge);
  if (reason) {
    toast.error(reason);
    return false;
  }
  edit((graph) => connectWire(graph, typesNow(), edge));
  return true;
}

/** Move the end of a wire, or show why not. */
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

/** Delete the selected nodes and reconnect what was downstream of them to what was upstream, as one step. */
export function deleteSelectionAndReconnect(): void {
  const { nodes } = useViewState.getState();
  if (nodes.size === 0) return;
  const { graph, open } = deleteAndReconnect(graphNow(), typesNow(), nodes);
  edit(() => graph);
  select([]);
  if (open.length === 0) return;
  const targets = [...new Set(open.map((edge) => labelAt(edge.target)))];
  toast.info(`${plural(open.length, "wire")} could not be reconnected: into ${listed(targets)}.`, {
    description: "No upstream output fits there.",
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

/** Disable the selected nodes; if all of them are disabled, enable them. */
export function toggleDisabled(ids: ReadonlySet<string> = useViewState.getState().nodes): void {
  const nodes = graphNow().nodes.filter((node) => ids.has(node.id));
  const info = (node: GraphNode) => infoOf(graphNow(), typesNow(), node);
  const able = nodes.filter((node) => info(node)?.can_disable);
  const fixed = nodes.find((node) => !able.includes(node));
  if (fixed && able.length === 0) {
    const reason = info(fixed)?.disable_reason;
    toast.error(`${doc.nodeLabel(fixed)} cannot be disabled.`, {
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

/** Insert copies and select them, or show why not. */
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

/** Lay out the graph. As an edit it can be undone; as a first layout it is not an edit. */
export async function tidyGraph(how: typeof edit | typeof amend = edit): Promise<void> {
  const scope = graphNow();
  const { graphId, path } = useGraph.getState();
  const places = await tidyApart(scope, typesNow());
  const now = useGraph.getState();
  // Another document or block that was opened meanwhile stays unchanged; so do nodes that were added since.
  if (now.graphId !== graphId || now.path !== path) return;
  how((graph) => doc.moveNodes(graph, new Map([...places, ...notesBeside(graph, places)])));
  fitView();
}

/** Lay out a document without positions for the first time. */
export async function placeIfNeeded(): Promise<void> {
  const { nodes } = graphNow();
  if (nodes.length > 0 && nodes.some((node) => node.position === null)) await tidyGraph(amend);
}

/** Select a node and open the drawer that explains its problem. */
export function showProblem(id: string, tab: "problems" | "logs"): void {
  select([id]);
  openDrawer(tab);
}

/** Add a node for this dataset: the first type of the catalogue with a dataset parameter. */
export function addDatasetNode(name: string): void {
  closeBlock(0);
  for (const info of Object.values(typesNow())) {
    const param = Object.entries(info.inputs).find(([, input]) => input.widget === "dataset");
    if (!param) continue;
    addAtCentre(info, { [param[0]]: name });
    return;
  }
}

/** Apply the fix of a diagnostic, as one step, and show its node. */
export function applyDiagnosticFix(fix: Fix): void {
  const next = applyFix(useGraph.getState().graph, typesNow(), fix);
  if (!next) {
    toast.info(`“${fix.label}” no longer fits the graph.`, { description: "The graph has changed since." });
    return;
  }
  editDocument(() => next);
  const about = nodeToFix(fix);
  if (about !== undefined) goTo(about);
}
