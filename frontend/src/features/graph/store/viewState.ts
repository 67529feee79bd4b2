/** The view of the document: selection, measured sizes, folded frames, and a request to look somewhere. */
import { create } from "zustand";
import type { PortRef } from "@/features/graph/model/connections/connection";
import type { FrameKind, Rect } from "@/features/graph/model/layout/frames";
import type { Guide } from "@/features/graph/model/layout/guides";
import type { Position } from "@/shared/api/types";

export interface Size {
  width: number;
  height: number;
}

/** What the canvas is asked to show; a new object asks again. */
type RevealRequest = { kind: "fit" } | { kind: "node"; id: string } | { kind: "nodes"; ids: string[] };

/** The small list of node types that opens on the canvas. */
export interface QuickAdd {
  /** Where the pointer was, in the window; null opens it in the middle of the canvas. */
  at: Position | null;
  /** The port whose wire was dropped there: only types that fit it are offered. */
  from: PortRef | null;
  /** The wire that the node is put into: only types that fit both its ends are offered. */
  into?: string;
}

/** A wire while it is drawn: where it began and the ports that it may end at, as keys. */
export interface Drawing {
  from: PortRef;
  fits: ReadonlySet<string>;
  /** The wire whose end is drawn elsewhere; null while a new one is drawn. */
  old: string | null;
  /** The node under the pointer, and the port at which it would take the wire, as a key. */
  over: string | null;
  aim: string | null;
}

/** Where a canvas is looked at, and from how far. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** What only the drawn canvas knows; null before it is there. */
interface Camera {
  /** From a place in the window to a place in the document. */
  toDocument: (place: Position) => Position;
  /** The middle of what is seen, in the window. */
  middle: () => Position;
  /** How the canvas lies: to come back to. */
  view: () => View;
  /** What is seen of the document. */
  seen: () => Rect;
  /** Where the pointer was last, in the window. */
  pointer: () => Pointer;
}

export interface Pointer {
  at: Position;
  /** Whether it was over the canvas. */
  over: boolean;
  alt: boolean;
}

interface ViewState {
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  sizes: ReadonlyMap<string, Size>;
  /** Places of nodes while they are dragged; they enter the document on drag stop. */
  dragged: ReadonlyMap<string, Position>;
  folded: ReadonlySet<FrameKind>;
  /** The nodes that are found, while something is looked for. */
  found: ReadonlySet<string>;
  revealRequest: RevealRequest | null;
  quickAdd: QuickAdd | null;
  drawing: Drawing | null;
  /** The wire that a node would be put into, were it let go now. */
  insertionWire: string | null;
  /** The group that the dragged nodes would join, were they let go now. */
  intoGroup: string | null;
  /** What is dragged from the palette, by its kind: browsers tell it only when it is let go. */
  paletteDrag: readonly [kind: string, data: string] | null;
  /** What the dragged cards are aligned with. */
  guides: readonly Guide[];
  camera: Camera | null;
  /** How each scope that was left lay, by its path as text. */
  views: ReadonlyMap<string, View>;
  /** The node whose name is being edited on its card. */
  renaming: string | null;
}

export const useViewState = create<ViewState>()(() => ({
  nodes: new Set<string>(),
  edges: new Set<string>(),
  sizes: new Map<string, Size>(),
  dragged: new Map<string, Position>(),
  folded: new Set<FrameKind>(),
  found: new Set<string>(),
  revealRequest: null,
  quickAdd: null,
  drawing: null,
  insertionWire: null,
  intoGroup: null,
  paletteDrag: null,
  guides: [],
  camera: null,
  views: new Map<string, View>(),
  renaming: null,
}));

export function select(nodes: Iterable<string>, edges: Iterable<string> = []): void {
  useViewState.setState({ nodes: new Set(nodes), edges: new Set(edges) });
}

export function clearSelection(): void {
  const { nodes, edges } = useViewState.getState();
  if (nodes.size + edges.size > 0) select([]);
}

/** Selects a node and brings it into view. */
export function focusNode(id: string): void {
  useViewState.setState({ nodes: new Set([id]), edges: new Set(), revealRequest: { kind: "node", id } });
}

export function fitView(): void {
  useViewState.setState({ revealRequest: { kind: "fit" } });
}

/** Looks at the selected nodes; at all where none is. */
export function fitSelection(): void {
  const ids = [...useViewState.getState().nodes];
  if (ids.length === 0) fitView();
  else useViewState.setState({ revealRequest: { kind: "nodes", ids } });
}

/** Begins anew with another scope: what is drawn there has other sizes and nothing of it is selected. */
export function resetViewState(nodes: Iterable<string> = []): void {
  useViewState.setState({
    nodes: new Set(nodes),
    edges: new Set(),
    sizes: new Map(),
    dragged: new Map(),
    quickAdd: null,
    drawing: null,
    insertionWire: null,
    intoGroup: null,
    guides: [],
    renaming: null,
  });
}

export function toggleFrame(kind: FrameKind): void {
  useViewState.setState(({ folded }) => {
    const next = new Set(folded);
    if (!next.delete(kind)) next.add(kind);
    return { folded: next };
  });
}

export function openQuickAdd(quickAdd: QuickAdd | null = { at: null, from: null }): void {
  useViewState.setState({ quickAdd });
}

export function startRename(id: string | undefined = [...useViewState.getState().nodes][0]): void {
  if (id !== undefined) useViewState.setState({ renaming: id });
}

export function endRename(): void {
  useViewState.setState({ renaming: null });
}
