/** Copy, cut and paste through the system clipboard, as text; the browser keeps what it cannot hold. */

import { infoAt, infoOf } from "@/features/graph/model/blocks/blockInfo";
import { CARD, cardHeight, GRID } from "@/features/graph/model/card";
import { findOutput } from "@/features/graph/model/catalogue";
import { type Copied, copiedFrom, copiedText } from "@/features/graph/model/clipboard";
import { accepts } from "@/features/graph/model/connections/connection";
import { emptyGraph, findNode } from "@/features/graph/model/document";
import { around } from "@/features/graph/model/layout/frames";
import type { Edge, Graph, GraphNode, Position } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { toast } from "@/shared/store/toast";
import { useCatalogue } from "./catalogue";
import { deleteSelection, insertFragment } from "./editing";
import { openScope, useGraph } from "./graph";
import { tidyApart } from "./tidy";
import { useViewState } from "./viewState";

const KEPT = "visdl.clipboard";
const STEP = 30;
const scopeNow = () => openScope(useGraph.getState());
const typesNow = () => useCatalogue.getState().types;

/** True while the system clipboard could not be written: the copy is only in this browser. */
let unshared = false;

/** Return the selected nodes as text, and keep it in the browser; null if none is selected. */
export function takeCopy(): string | null {
  const { nodes } = useViewState.getState();
  const scope = scopeNow();
  if (nodes.size === 0) return null;
  const text = copiedText(scope, nodes);
  localStorage.setItem(KEPT, text);
  unshared = false;
  return text;
}

export async function copySelection(): Promise<void> {
  const text = takeCopy();
  if (text !== null) await share(text);
}

export async function cutSelection(): Promise<void> {
  const text = takeCopy();
  if (text === null) return;
  deleteSelection();
  await share(text);
}

async function share(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No permission or no secure origin: the event of this command may write.
    unshared = !document.execCommand?.("copy");
  }
}

interface PasteOptions {
  /** Whether wires from nodes that were not copied are kept, if these nodes exist here. */
  keepInputs?: boolean;
  /** Target position in the window; by default the pointer, or beside the original. */
  at?: Position;
}

/** Paste the clipboard if the browser allows reading it; otherwise the last copy in this browser. */
export async function paste(options: PasteOptions = {}): Promise<void> {
  let text = "";
  try {
    if (!unshared) text = await navigator.clipboard.readText();
  } catch {
    // Not permitted or not available: the keys still work, and so does the copy in this browser.
  }
  await pasteText(text, options);
}

/** Paste the nodes of a text, or show why it has none; an empty text stands for the copy in this browser. */
export async function pasteText(text: string, { keepInputs = false, at }: PasteOptions = {}): Promise<void> {
  const content = unshared || text.trim() === "" ? localStorage.getItem(KEPT) : text;
  if (!content) {
    toast.info("There is nothing to paste. Copy nodes first.");
    return;
  }
  let copied: Copied;
  try {
    copied = copiedFrom(content);
  } catch (error) {
    toast.error((error as Error).message);
    return;
  }
  const placed = { ...copied, nodes: await withPlaces(copied) };
  insertFragment(
    placed,
    offsetFor(placed.nodes, at),
    keepInputs ? (edge) => comesIn(placed, edge) : undefined,
  );
}

/** Scripts may omit positions. */
async function withPlaces({ nodes, edges, blocks }: Copied): Promise<GraphNode[]> {
  if (nodes.every((node) => node.position !== null)) return nodes;
  const ids = new Set(nodes.map((node) => node.id));
  const inner = edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  const places = await tidyApart({ ...emptyGraph(), nodes, edges: inner, blocks }, typesNow());
  return nodes.map((node) => ({ ...node, position: places.get(node.id) ?? { x: 0, y: 0 } }));
}

/** Whether a wire's source exists here, with an output of a type that the copied node takes. */
function comesIn({ nodes, edges, blocks }: Copied, edge: Edge): boolean {
  const scope = scopeNow();
  const output = findOutput(infoAt(scope, typesNow(), edge.source), edge.source_output);
  const target = findNode({ nodes }, edge.target);
  const from: Graph = { ...emptyGraph(), nodes, edges, blocks };
  const port = target && ownValue(infoOf(from, typesNow(), target)?.inputs, edge.target_input);
  return output !== undefined && port?.is_handle === true && accepts(port, output.dtype);
}

/** To the pointer if it is over the canvas; otherwise beside the original, if that is visible. */
function offsetFor(nodes: readonly GraphNode[], at?: Position): Position {
  const { camera } = useViewState.getState();
  const box = boxOf(nodes);
  const to = (middle: Position): Position => ({
    x: snap(middle.x - box.x - box.width / 2),
    y: snap(middle.y - box.y - box.height / 2),
  });
  const pointer = camera?.pointer();
  const place = at ?? (pointer?.over ? pointer.at : undefined);
  if (camera && place) return besideOthers(nodes, to(camera.toDocument(place)));
  const seen = camera?.seen();
  const inSight =
    !seen ||
    (box.x < seen.x + seen.width &&
      box.x + box.width > seen.x &&
      box.y < seen.y + seen.height &&
      box.y + box.height > seen.y);
  const middle = seen && { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
  return besideOthers(nodes, inSight || !middle ? { x: 0, y: 0 } : to(middle));
}

const snap = (value: number): number => Math.round(value / GRID) * GRID;

function boxOf(nodes: readonly GraphNode[]) {
  const rects = nodes.map((node) => ({
    x: node.position?.x ?? 0,
    y: node.position?.y ?? 0,
    width: CARD.width,
    height: cardHeight(ownValue(typesNow(), node.type)),
  }));
  return around(rects) ?? { x: 0, y: 0, width: 0, height: 0 };
}

/** Move down until no node covers another exactly. */
function besideOthers(nodes: readonly GraphNode[], offset: Position): Position {
  const key = (x: number, y: number): string => `${x},${y}`;
  const taken = new Set(scopeNow().nodes.map(({ position }) => position && key(position.x, position.y)));
  const covers = ({ x, y }: Position): boolean =>
    nodes.some(({ position }) => position && taken.has(key(position.x + x, position.y + y)));
  let { x, y } = offset;
  while (covers({ x, y })) [x, y] = [x + STEP, y + STEP];
  return { x, y };
}
