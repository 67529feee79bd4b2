import { memo, useRef } from "react";
import { useThumbnail } from "@/features/files/store/useThumbnail";
import type { ThumbnailDrawing } from "@/features/graph/model/drawing/thumbnail";
import type { GraphSummary } from "@/shared/api/types";
import { useSeen } from "@/shared/ui/useSeen";

/** A small picture of a stored graph, drawn when it becomes visible. */
export function Thumbnail({ graph }: { graph: GraphSummary }) {
  const frame = useRef<HTMLSpanElement>(null);
  const drawing = useThumbnail(graph, useSeen(frame));
  return (
    <span
      ref={frame}
      aria-hidden
      className="flex h-11 w-16 shrink-0 items-center justify-center overflow-hidden rounded-md border bg-canvas"
    >
      {drawing && <Drawn drawing={drawing} />}
    </span>
  );
}

/** The width of the picture in wire widths. */
const FINENESS = 90;

const Drawn = memo(function Drawn({ drawing: { box, wires, cards } }: { drawing: ThumbnailDrawing }) {
  return (
    <svg
      aria-hidden="true"
      viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}
      className="size-full animate-pop"
    >
      {wires.map(([color, d]) => (
        <path key={color} d={d} fill="none" stroke={color} strokeWidth={box.width / FINENESS} opacity={0.6} />
      ))}
      {cards.map(([color, d]) => (
        <path key={color} d={d} fill={color} />
      ))}
    </svg>
  );
});
