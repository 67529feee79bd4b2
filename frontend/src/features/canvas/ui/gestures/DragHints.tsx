import { ViewportPortal } from "@xyflow/react";
import { useViewState } from "@/features/graph/store/viewState";
import type { Position } from "@/shared/api/types";

/** The guides along which the dragged cards are aligned with others. */
export function Guides() {
  const guides = useViewState((state) => state.guides);
  if (guides.length === 0) return null;
  return (
    <ViewportPortal>
      <svg aria-hidden="true" className="guides">
        {guides.map(({ line, at, from, to }) => {
          const ends =
            line === "upright" ? { x1: at, x2: at, y1: from, y2: to } : { x1: from, x2: to, y1: at, y2: at };
          return <line key={`${line}/${at}`} {...ends} />;
        })}
      </svg>
    </ViewportPortal>
  );
}

/** Shows that dropping inserts the node on the highlighted wire. */
export function InsertHint() {
  const wire = useViewState((state) => state.insertionWire);
  const at = wire === null ? null : middleOf(wire);
  if (!at) return null;
  return (
    <div role="status" className="insert-hint" style={{ left: at.x, top: at.y }}>
      Drop to insert here <span className="text-muted">Alt: only move</span>
    </div>
  );
}

/** Return the middle of a drawn wire, in the window. */
function middleOf(wire: string): Position | null {
  const path = document.querySelector<SVGPathElement>(
    `.react-flow__edge[data-id="${CSS.escape(wire)}"] .react-flow__edge-path`,
  );
  const matrix = path?.getScreenCTM();
  return path && matrix ? path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(matrix) : null;
}
