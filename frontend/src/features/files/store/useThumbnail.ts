import { useQuery } from "@tanstack/react-query";
import { moveNodes } from "@/features/graph/model/document";
import type { ThumbnailDrawing } from "@/features/graph/model/drawing/thumbnail";
import { normalizeDocument } from "@/features/graph/model/normalizeDocument";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import { readGraph } from "@/shared/api/graphs";
import type { GraphSummary } from "@/shared/api/types";

const KEPT_MS = 30 * 60_000;

/** Return a thumbnail of a stored graph, made from its newest document on request; cached until it changes. */
export function useThumbnail({ id, revision }: GraphSummary, enabled: boolean): ThumbnailDrawing | undefined {
  const types = useCatalogue((state) => state.types);
  const ready = useCatalogue((state) => state.status === "ready");
  const newest = useGraph((state) => (state.graphId === id ? (state.revision ?? revision) : revision));
  const { data } = useQuery({
    queryKey: ["thumbnail", id, newest],
    enabled: enabled && ready,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
    queryFn: async ({ signal }) => {
      const [stored, { thumbnailOf }] = await Promise.all([
        readGraph(id, signal),
        import("@/features/graph/model/drawing/thumbnail"),
      ]);
      const { graph } = normalizeDocument(stored.draft ?? stored.graph);
      if (graph.nodes.every((node) => node.position !== null)) return thumbnailOf(graph, types);
      const { tidy } = await import("@/features/graph/model/layout/layout");
      return thumbnailOf(moveNodes(graph, tidy(graph, types)), types);
    },
  });
  return data;
}
