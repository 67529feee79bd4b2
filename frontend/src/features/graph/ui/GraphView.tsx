import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import type { Drawing } from "@/features/graph/model/drawing/drawing";
import { SANS } from "@/features/graph/model/drawing/marks";
import type { Rect } from "@/features/graph/model/layout/frames";
import { IconButton } from "@/shared/ui/IconButton";
import { Marks } from "./Marks";

interface GraphViewProps {
  drawing: Drawing;
  label: string;
  /** The nodes to focus on; empty for all. A new array focuses again. */
  focus: readonly string[];
  /** Embedded in a page that scrolls: the wheel zooms only while it has the focus. */
  inPage?: boolean;
}

const CLOSER = 0.8;
/** Least visible width, and greatest visible width as a multiple of the drawing. */
const NEAREST = 240;
const FURTHEST = 3;
/** Least visible width around focused nodes, and the margin at their sides. */
const AROUND = 900;
const MARGIN = 60;
const STEP = 0.1;

/** A drawing to pan and zoom: wheel and buttons zoom, dragging and arrows pan. */
export function GraphView({ drawing, label, focus, inPage = false }: GraphViewProps) {
  const [box, setBox] = useState(drawing.box);
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const places = focus.flatMap((id) => drawing.places.get(id) ?? []);
    setBox(places.length > 0 ? around(boundsOf(places), drawing.box) : drawing.box);
  }, [drawing, focus]);
  const zoom = (factor: number): void => setBox((now) => zoomed(now, factor, drawing.box));
  useWheel(svg, inPage, (factor, at) => setBox((now) => zoomed(now, factor, drawing.box, at)));
  const drag = useDrag(svg, (dx, dy) => setBox((now) => ({ ...now, x: now.x - dx, y: now.y - dy })));

  const onKeyDown = (event: KeyboardEvent): void => {
    const [right, down] = MOVES[event.key] ?? [0, 0];
    if (event.key === "+" || event.key === "=") zoom(CLOSER);
    else if (event.key === "-") zoom(1 / CLOSER);
    else if (event.key === "0") setBox(drawing.box);
    else if (right || down)
      setBox((now) => ({
        ...now,
        x: now.x + right * now.width * STEP,
        y: now.y + down * now.height * STEP,
      }));
    else return;
    event.preventDefault();
  };
  return (
    <div className="relative min-h-0 grow overflow-hidden rounded-md border bg-canvas">
      <svg
        ref={svg}
        role="img"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: panned with the arrow keys
        tabIndex={0}
        onKeyDown={onKeyDown}
        {...drag}
        viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}
        fontFamily={SANS}
        className="absolute inset-0 size-full cursor-grab touch-none select-none outline-offset-[-2px] active:cursor-grabbing"
      >
        <Marks marks={drawing.marks} />
      </svg>
      <div className="absolute right-1.5 bottom-1.5 flex rounded-md border bg-panel">
        <IconButton side="top" label="Zoom in" onClick={() => zoom(CLOSER)}>
          <ZoomIn />
        </IconButton>
        <IconButton side="top" label="Zoom out" onClick={() => zoom(1 / CLOSER)}>
          <ZoomOut />
        </IconButton>
        <IconButton side="top" label="Fit in view" onClick={() => setBox(drawing.box)}>
          <Maximize />
        </IconButton>
      </div>
    </div>
  );
}

const MOVES: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Zoom the box around a point, given as fractions of it. */
function zoomed(box: Rect, factor: number, whole: Rect, at = { x: 0.5, y: 0.5 }): Rect {
  const width = Math.min(Math.max(box.width * factor, NEAREST), whole.width * FURTHEST);
  const scale = width / box.width;
  const height = box.height * scale;
  return {
    x: box.x + (box.width - width) * at.x,
    y: box.y + (box.height - height) * at.y,
    width,
    height,
  };
}

function boundsOf(places: readonly Rect[]): Rect {
  const [x, y] = [Math.min(...places.map((place) => place.x)), Math.min(...places.map((place) => place.y))];
  const right = Math.max(...places.map((place) => place.x + place.width));
  const bottom = Math.max(...places.map((place) => place.y + place.height));
  return { x, y, width: right - x, height: bottom - y };
}

function around(place: Rect, whole: Rect): Rect {
  const shape = whole.height / whole.width;
  const least = Math.max(AROUND, place.width + 2 * MARGIN, (place.height + 2 * MARGIN) / shape);
  const width = Math.min(least, whole.width);
  const height = width * shape;
  // Keep the box inside the drawing.
  const within = (middle: number, size: number, start: number, all: number): number =>
    Math.min(Math.max(middle - size / 2, start), start + all - size);
  return {
    x: within(place.x + place.width / 2, width, whole.x, whole.width),
    y: within(place.y + place.height / 2, height, whole.y, whole.height),
    width,
    height,
  };
}

type Zoom = (factor: number, at: { x: number; y: number }) => void;

/** React's wheel listeners are passive and cannot keep the dialog from scrolling. */
function useWheel(svg: React.RefObject<SVGSVGElement | null>, inPage: boolean, onZoom: Zoom): void {
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  useEffect(() => {
    const element = svg.current;
    const listen = (event: WheelEvent): void => {
      if (inPage && document.activeElement !== element) return;
      event.preventDefault();
      const frame = (event.currentTarget as Element).getBoundingClientRect();
      const at = {
        x: (event.clientX - frame.x) / frame.width,
        y: (event.clientY - frame.y) / frame.height,
      };
      zoom.current(event.deltaY < 0 ? CLOSER : 1 / CLOSER, at);
    };
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, [svg, inPage]);
}

/** Pan by the movement of the pointer, in units of the drawing. */
function useDrag(svg: React.RefObject<SVGSVGElement | null>, onMove: (dx: number, dy: number) => void) {
  return {
    onPointerDown: (event: PointerEvent) => event.currentTarget.setPointerCapture(event.pointerId),
    onPointerMove: (event: PointerEvent) => {
      if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
      const scale = svg.current?.getScreenCTM()?.a ?? 1;
      onMove(event.movementX / scale, event.movementY / scale);
    },
  };
}
