/** What the user does to the document: each action is one undo step and keeps the selection sensible. */
import { toast } from "sonner";
import type { Edge, GraphNode, NodeInfo, Position } from "@/api/types";
import { CARD, GRID } from "@/lib/card";
import { refusal, takesMany } from "@/lib/connection";
import * as doc from "@/lib/document";
import { fitView, select, useCanvas } from "./canvas";
import { useCatalogue } from "./catalogue";
import { amend, edit, useGraph } from "./graph";
import { openDrawer } from "./ui";

const PASTE_OFFSET = { x: 30, y: 30 } as const;
const snap = (value: number): number => Math.round(value / GRID) * GRID;
const graphNow = () => useGraph.getState().graph;
const typesNow = () => useCatalogue.getState().types;

/** Adds a node, and with `wire` the wire that it was added for; returns its id. */
export function addNode(
  info: NodeInfo,
  position: Position,
  wire?: (id: string) => Edge | null,
  params: GraphNode["params"] = {},
): string {
  let added = "";
  edit((graph) => {
    const { graph: next, id } = doc.addNode(graph, info, position, params);
    added = id;
    const edge = wire?.(id);
    return edge ? doc.connect(next, edge, takesMany(next, typesNow(), edge)) : next;
  });
  select([added]);
  return added;
}

/** Adds a node in the middle of what is seen, beside what is already there; its parameters may differ from the defaults. */
export function addAtCentre(info: NodeInfo, params: GraphNode["params"] = {}): void {
  const { camera } = useCanvas.getState();
  const middle = camera ? camera.toDocument(camera.middle()) : { x: 0, y: 0 };
  const place = { x: snap(middle.x - CARD.width / 2), y: snap(middle.y - CARD.header / 2) };
  const taken = (at: Position): boolean =>
    graphNow().nodes.some(({ position }) => position?.x === at.x && position.y === at.y);
  while (taken(place)) {
    place.x += PASTE_OFFSET.x;
    place.y += PASTE_OFFSET.y;
  }
  addNode(info, place, undefined, params);
}

/** Draws a wire, or says why not. An input's old wire gives way in the same step. */
export function connectPorts(edge: Edge): boolean {
  const reason = refusal(graphNow(), typesNow(), edge);
  if (reason) {
    toast.error(reason);
    return false;
  }
  edit((graph) => doc.connect(graph, edge, takesMany(graph, typesNow(), edge)));
  return true;
}

/** Puts a wire's end elsewhere, or says why not. */
export function reconnectWire(oldId: string, edge: Edge): void {
  const reason = refusal(doc.remove(graphNow(), new Set(), new Set([oldId])), typesNow(), edge);
  if (reason) toast.error(reason);
  else edit((graph) => doc.reconnect(graph, oldId, edge, takesMany(graph, typesNow(), edge)));
}

export function deleteSelection(): void {
  const { nodes, edges } = useCanvas.getState();
  if (nodes.size + edges.size === 0) return;
  edit((graph) => doc.remove(graph, nodes, edges));
  select([]);
}

export function deleteWire(id: string): void {
  edit((graph) => doc.remove(graph, new Set(), new Set([id])));
}

export function selectAll(): void {
  select(graphNow().nodes.map((node) => node.id));
}

/** Switches the selected nodes off; when all of them are off, on again. */
export function toggleDisabled(ids: ReadonlySet<string> = useCanvas.getState().nodes): void {
  const nodes = graphNow().nodes.filter((node) => ids.has(node.id));
  const able = nodes.filter((node) => typesNow()[node.type]?.can_disable);
  const fixed = nodes.find((node) => !able.includes(node));
  if (fixed && able.length === 0) {
    const reason = typesNow()[fixed.type]?.disable_reason;
    toast.error(`${doc.nodeLabel(fixed)} cannot be switched off.`, {
      ...(reason && { description: reason }),
    });
  }
  if (able.length === 0) return;
  const off = able.some((node) => !node.disabled);
  edit((graph) => doc.setDisabled(graph, new Set(able.map((node) => node.id)), off));
}

const CLIPBOARD = "visdl.clipboard";
let pastes = 0;

export function copySelection(): void {
  const fragment = doc.fragmentOf(graphNow(), useCanvas.getState().nodes);
  if (fragment.nodes.length === 0) return;
  pastes = 0;
  localStorage.setItem(CLIPBOARD, JSON.stringify(fragment));
}

export function cutSelection(): void {
  copySelection();
  deleteSelection();
}

/** Pastes what was copied, in this tab or another one; each paste a little further down. */
export function paste(): void {
  const text = localStorage.getItem(CLIPBOARD);
  if (!text) return;
  pastes += 1;
  insertFragment(JSON.parse(text) as doc.Fragment, {
    x: PASTE_OFFSET.x * pastes,
    y: PASTE_OFFSET.y * pastes,
  });
}

export function duplicateSelection(): void {
  insertFragment(doc.fragmentOf(graphNow(), useCanvas.getState().nodes), PASTE_OFFSET);
}

function insertFragment(fragment: doc.Fragment, offset: Position): void {
  if (fragment.nodes.length === 0) return;
  let ids: string[] = [];
  edit((graph) => {
    const inserted = doc.insert(graph, fragment, offset);
    ids = inserted.ids;
    return inserted.graph;
  });
  select(ids);
}

/** Lays the graph out anew. As an edit it can be undone; as a first layout it is none. */
export async function tidyGraph(how: typeof edit | typeof amend = edit): Promise<void> {
  const { tidy } = await import("@/lib/layout");
  how((graph) => doc.moveNodes(graph, tidy(graph, typesNow())));
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
  for (const info of Object.values(typesNow())) {
    const param = Object.entries(info.inputs).find(([, input]) => input.widget === "dataset");
    if (!param) continue;
    addAtCentre(info, { [param[0]]: name });
    return;
  }
}
