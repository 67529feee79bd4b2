import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect } from "react";
import { type Pointer, useViewState } from "@/features/graph/store/viewState";
import type { Position } from "@/shared/api/types";

/** Lets the rest of the page add nodes in view or at the pointer. */
export function useCamera(root: RefObject<HTMLElement | null>): void {
  const { screenToFlowPosition, getViewport } = useReactFlow();
  useEffect(() => {
    const bounds = () => root.current?.getBoundingClientRect() ?? new DOMRect();
    let pointer: Pointer = { at: { x: 0, y: 0 }, over: false, alt: false };
    const onPointer = (event: PointerEvent): void => {
      const over = root.current?.contains(event.target as Element) ?? false;
      pointer = { at: { x: event.clientX, y: event.clientY }, over, alt: event.altKey };
    };
    const camera = {
      toDocument: (place: Position) => screenToFlowPosition(place, { snapToGrid: false }),
      middle: () => {
        const { x, y, width, height } = bounds();
        return { x: x + width / 2, y: y + height / 2 };
      },
      view: () => getViewport(),
      seen: () => {
        const { x, y, width, height } = bounds();
        const { zoom } = getViewport();
        const corner = screenToFlowPosition({ x, y }, { snapToGrid: false });
        return { ...corner, width: width / zoom, height: height / zoom };
      },
      pointer: () => pointer,
    };
    useViewState.setState({ camera });
    window.addEventListener("pointermove", onPointer, { capture: true, passive: true });
    window.addEventListener("pointerdown", onPointer, { capture: true, passive: true });
    return () => {
      window.removeEventListener("pointermove", onPointer, { capture: true });
      window.removeEventListener("pointerdown", onPointer, { capture: true });
      // The canvas of another scope may be mounted already.
      useViewState.setState((state) => (state.camera === camera ? { camera: null } : state));
    };
  }, [screenToFlowPosition, getViewport, root]);
}
