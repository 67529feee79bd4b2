/** Snap dragged cards to guides. The visible part is read once per drag. */

import { CARD } from "@/features/graph/model/card";
import { around, type Rect } from "@/features/graph/model/layout/frames";
import { align } from "@/features/graph/model/layout/guides";
import { nodeHeight } from "@/features/graph/model/layout/rows";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { useViewState } from "@/features/graph/store/viewState";
import type { Position } from "@/shared/api/types";
import { useUi } from "@/shared/store/ui";

/** The snapping distance, in pixels of the window. */
const REACH = 6;

interface Drag {
  /** The sizes of the dragged cards. */
  own: Map<string, { width: number; height: number }>;
  others: Rect[];
}

let drag: Drag | null = null;

/** Return the positions of dragged cards, snapped to guides; shows the guides. */
export function heldPlaces(places: ReadonlyMap<string, Position>): Map<string, Position> {
  const { camera } = useViewState.getState();
  const held = new Map(places);
  if (!camera || camera.pointer().alt || !useUi.getState().snapGuides) {
    showGuides([]);
    return held;
  }
  drag ??= begin(places, camera.seen());
  const own = [...drag.own].flatMap(([id, size]) => {
    const place = places.get(id);
    return place ? [{ ...place, ...size }] : [];
  });
  const box = around(own);
  if (!box) return held;
  const { by, guides } = align(box, drag.others, REACH / camera.view().zoom);
  showGuides(guides);
  if (by.x !== 0 || by.y !== 0)
    for (const [id, { x, y }] of places) held.set(id, { x: x + by.x, y: y + by.y });
  return held;
}

export function endHolding(): void {
  drag = null;
  showGuides([]);
}

function showGuides(guides: ReturnType<typeof align>["guides"]): void {
  if (guides.length + useViewState.getState().guides.length > 0) useViewState.setState({ guides });
}

function begin(places: ReadonlyMap<string, Position>, seen: Rect): Drag {
  const scope = openScope(useGraph.getState());
  const { sizes } = useViewState.getState();
  const { types } = useCatalogue.getState();
  const own: Drag["own"] = new Map();
  const others: Rect[] = [];
  for (const node of scope.nodes) {
    const size = sizes.get(node.id) ?? {
      width: CARD.width,
      height: nodeHeight(scope, types, node),
    };
    if (places.has(node.id)) own.set(node.id, size);
    else if (node.position && touches({ ...node.position, ...size }, seen))
      others.push({ ...node.position, ...size });
  }
  return { own, others };
}

function touches(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && a.x + a.width > b.x && a.y < b.y + b.height && a.y + a.height > b.y;
}
