import { useNodesInitialized, useReactFlow, useStore, type Viewport } from "@xyflow/react";
import { useCallback, useEffect, useRef } from "react";
import { useViewState } from "@/features/graph/store/viewState";

const FIT = { padding: 0.06, maxZoom: 1 } as const;

/** Move the view to what was requested, once it has been measured. */
export function useRevealRequests(): void {
  const revealRequest = useViewState((state) => state.revealRequest);
  const ready = useNodesInitialized();
  const { fitView } = useReactFlow();
  const fitAll = useFit();
  useEffect(() => {
    if (!revealRequest || !ready) return;
    // After this frame: the nodes of a newly opened document have their positions by then.
    const frame = requestAnimationFrame(() => {
      useViewState.setState({ revealRequest: null });
      if (revealRequest.kind === "fit") void fitAll(motion());
      else {
        const nodes = (revealRequest.kind === "node" ? [revealRequest.id] : revealRequest.ids).map((id) => ({
          id,
        }));
        void fitView({ nodes, padding: 0.4, maxZoom: 1, duration: motion() });
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [revealRequest, ready, fitView, fitAll]);
}

/** Fit the full graph, and again when the canvas is resized, unless the view was moved since. */
function useFit(): (duration: number) => Promise<void> {
  const { fitView, getViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const fitted = useRef<Viewport | "under way" | null>(null);
  const fitAll = useCallback(
    async (duration: number) => {
      fitted.current = "under way";
      await fitView({ ...FIT, duration });
      fitted.current = getViewport();
    },
    [fitView, getViewport],
  );
  useEffect(() => {
    const view = fitted.current;
    if (!view || width === 0 || height === 0) return;
    const now = getViewport();
    if (view === "under way") void fitAll(0);
    else if (now.x === view.x && now.y === view.y && now.zoom === view.zoom) void fitAll(0);
  }, [width, height, fitAll, getViewport]);
  return fitAll;
}

/** Duration of view animations in milliseconds; 0 if the user prefers reduced motion. */
export const motion = (): number => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 140);
