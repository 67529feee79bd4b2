import { useNodesInitialized, useReactFlow } from "@xyflow/react";
import { useEffect } from "react";
import { useCanvas } from "@/store/canvas";

const FIT = { padding: 0.06, maxZoom: 1 } as const;

/** Moves the view where it was asked to look, once what is to be seen has been measured. */
export function useSight(): void {
  const sight = useCanvas((state) => state.sight);
  const ready = useNodesInitialized();
  const { fitView } = useReactFlow();
  useEffect(() => {
    if (!sight || !ready) return;
    // After this frame: the nodes of a document just opened have their places by then.
    const frame = requestAnimationFrame(() => {
      useCanvas.setState({ sight: null });
      const duration = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 140;
      if (sight.kind === "fit") void fitView({ ...FIT, duration });
      else void fitView({ nodes: [{ id: sight.id }], padding: 0.4, maxZoom: 1, duration });
    });
    return () => cancelAnimationFrame(frame);
  }, [sight, ready, fitView]);
}
