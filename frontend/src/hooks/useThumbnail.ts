import { useQuery } from "@tanstack/react-query";
import { readGraph } from "@/api/graphs";
import type { GraphSummary } from "@/api/types";
import { moveNodes } from "@/lib/document";
import type { Sketch } from "@/lib/drawing/sketch";
import { repaired } from "@/lib/repair";
import { useCatalogue } from "@/store/catalogue";
import { useGraph } from "@/store/graph";

const KEPT_MS = 30 * 60_000;

/** A sketch of a stored graph, made of its newest document once it is wanted; the same as long as it is not changed. */
export function useThumbnail({ id, revision }: GraphSummary, wanted: boolean): Sketch | undefined {
  const types = useCatalogue((state) => state.types);
  const ready = useCatalogue((state) => state.status === "ready");
  const newest = useGraph((state) => (state.graphId === id ? (state.revision ?? revision) : revision));
  const { data } = useQuery({
    queryKey: ["thumbnail", id, newest],
    enabled: wanted && ready,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
    queryFn: async ({ signal }) => {
      const [stored, { sketchOf }] = await Promise.all([
        readGraph(id, signal),
        import("@/lib/drawing/sketch"),
      ]);
      const { graph } = repaired(stored.draft ?? stored.graph);
      if (graph.nodes.every((node) => node.position !== null)) return sketchOf(graph, types);
      const { tidy } = await import("@/lib/layout");
      return sketchOf(moveNodes(graph, tidy(graph, types)), types);
    },
  });
  return data;
}
