/** The view of the document: selection, measured sizes, folded frames, and requests to reveal something. */
import { create } from "zustand";
import type { PortRef } from "@/features/graph/model/connections/connection";
import type { FrameKind, Rect } from "@/features/graph/model/layout/frames";
import type { Guide } from "@/features/graph/model/layout/guides";
import type { Position } from "@/shared/api/types";

export interface Size {
  width: number;
  height: number;
}

/** What the canvas should reveal; a new object is a new request. */
type RevealRequest = { kind: "fit" } | { kind: "node"; id: string } | { kind: "nodes"; ids: string[] };

/** The small list of node types that opens on the canvas. */
export interface QuickAdd {
  /** The pointer in the window; null opens it in the middle of the canvas. */
  at: Position | null;
  /** The port whose wire was dropped there: only fitting types are offered. */
  from: PortRef | null;
  /** The wire on which the node is inserted: only types that fit both its ends are offered. */
  into?: string;
}

/** A wire while it is drawn: its start and the ports at which it may end, as keys. */
export interface Drawing {
  from: PortRef;
  fits: ReadonlySet<string>;
  /** The wire whose end is moved; null while a new one is drawn. */
  old: string | null;
  /** The node under the pointer, and the port that would take the wire, as a key. */
  over: string | null;
  aim: string | null;
}

/** The pan and zoom of a canvas. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** What only the drawn canvas knows; null before it is mounted. */
interface Camera {
  /** Convert a window position to a document position. */
  toDocument: (place: Position) => Position;
  /** Return the middle of the visible part, in the window. */
  middle: () => Position;
  /** Return the current pan and zoom, to restore later. */
  view: () => View;
  /** Return the visible part of the document. */
  seen: () => Rect;
  /** Return the last pointer position, in the window. */
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
  /** Positions of nodes while they are dragged; they enter the document when the drag ends. */
  dragged: ReadonlyMap<string, Position>;
  folded: ReadonlySet<FrameKind>;
  /** The nodes that match the search. */
  found: ReadonlySet<string>;
  revealRequest: RevealRequest | null;
  quickAdd: QuickAdd | null;
  drawing: Drawing | null;
  /** The wire on which a node would be inserted if it were dropped now. */
  insertionWire: string | null;
  /** The group that the dragged nodes would join if they were dropped now. */
  intoGroup: string | null;
  /** What is dragged from the palette, by its kind: browsers reveal it only when it is dropped. */
  paletteDrag: readonly [kind: string, data: string] | null;
  /** The guides that the dragged cards are aligned with. */
  guides: readonly Guide[];
  camera: Camera | null;
  /** The last view of each scope, by its path as text. */
  views: ReadonlyMap<string, View>;
  /** The node whose name is edited on its card. */
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

/** Select a node and reveal it. */
export function focusNode(id: string): void {
  useViewState.setState({ nodes: new Set([id]), edges: new Set(), revealRequest: { kind: "node", id } });
}

export function fitView(): void {
  useViewState.setState({ revealRequest: { kind: "fit" } });
}

/** Fit the selected nodes in view, or all if none is selected. */
export function fitSelection(): void {
  const ids = [...useViewState.getState().nodes];
  if (ids.length === 0) fitView();
  else useViewState.setState({ revealRequest: { kind: "nodes", ids } });
}

/** Reset for another scope: its nodes have other sizes, and nothing in it is selected. */
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
