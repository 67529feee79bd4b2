/** The view of the document: selection, measured sizes, folded frames, and a request to look somewhere. */
import { create } from "zustand";
import type { Position } from "@/api/types";
import type { PortRef } from "@/lib/connection";
import type { FrameKind } from "@/lib/frames";

export interface Size {
  width: number;
  height: number;
}

/** What the canvas is asked to show; a new object asks again. */
type Sight = { kind: "fit" } | { kind: "node"; id: string };

/** The small list of node types that opens on the canvas. */
export interface QuickAdd {
  /** Where the pointer was, in the window; null opens it in the middle of the canvas. */
  at: Position | null;
  /** The port whose wire was dropped there: only types that fit it are offered. */
  from: PortRef | null;
}

/** A wire while it is drawn: where it began and the ports that it may end at, as keys. */
interface Drawing {
  from: PortRef;
  fits: ReadonlySet<string>;
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
}

interface CanvasState {
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  sizes: ReadonlyMap<string, Size>;
  /** Places of nodes while they are dragged; they enter the document on drag stop. */
  dragged: ReadonlyMap<string, Position>;
  folded: ReadonlySet<FrameKind>;
  sight: Sight | null;
  quickAdd: QuickAdd | null;
  drawing: Drawing | null;
  camera: Camera | null;
  /** How each scope that was left lay, by its path as text. */
  views: ReadonlyMap<string, View>;
  /** The node whose name is being edited on its card. */
  renaming: string | null;
}

export const useCanvas = create<CanvasState>()(() => ({
  nodes: new Set<string>(),
  edges: new Set<string>(),
  sizes: new Map<string, Size>(),
  dragged: new Map<string, Position>(),
  folded: new Set<FrameKind>(),
  sight: null,
  quickAdd: null,
  drawing: null,
  camera: null,
  views: new Map<string, View>(),
  renaming: null,
}));

export function select(nodes: Iterable<string>, edges: Iterable<string> = []): void {
  useCanvas.setState({ nodes: new Set(nodes), edges: new Set(edges) });
}

/** Selects a node and brings it into view. */
export function focusNode(id: string): void {
  useCanvas.setState({ nodes: new Set([id]), edges: new Set(), sight: { kind: "node", id } });
}

export function fitView(): void {
  useCanvas.setState({ sight: { kind: "fit" } });
}

/** Begins anew with another scope: what is drawn there has other sizes and nothing of it is selected. */
export function clearCanvas(nodes: Iterable<string> = []): void {
  useCanvas.setState({
    nodes: new Set(nodes),
    edges: new Set(),
    sizes: new Map(),
    dragged: new Map(),
    quickAdd: null,
    drawing: null,
    renaming: null,
  });
}

export function toggleFrame(kind: FrameKind): void {
  useCanvas.setState(({ folded }) => {
    const next = new Set(folded);
    if (!next.delete(kind)) next.add(kind);
    return { folded: next };
  });
}

export function openQuickAdd(quickAdd: QuickAdd | null = { at: null, from: null }): void {
  useCanvas.setState({ quickAdd });
}

export function startRename(id: string | undefined = [...useCanvas.getState().nodes][0]): void {
  if (id !== undefined) useCanvas.setState({ renaming: id });
}

export function endRename(): void {
  useCanvas.setState({ renaming: null });
}
