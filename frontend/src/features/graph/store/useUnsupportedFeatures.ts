import { useMemo } from "react";
import { type UnsupportedFeature, unsupportedFeatures } from "@/features/graph/model/unsupportedFeatures";
import { useCatalogue } from "./catalogue";
import { useGraph } from "./graph";

/** Return what this server did not support of the document when it was opened and still does not. */
export function useUnsupportedFeatures(): { repairs: readonly string[]; features: UnsupportedFeature[] } {
  const types = useCatalogue((state) => state.types);
  const ready = useCatalogue((state) => state.status === "ready");
  const graph = useGraph((state) => state.graph);
  const repairs = useGraph((state) => state.repairs);
  const opened = useMemo(() => {
    // Each opened document has its own list of repairs.
    void repairs;
    return new Set(
      ready ? unsupportedFeatures(useGraph.getState().graph, types).map(({ text }) => text) : [],
    );
  }, [repairs, types, ready]);
  const features = useMemo(
    () => (opened.size === 0 ? [] : unsupportedFeatures(graph, types).filter(({ text }) => opened.has(text))),
    [opened, graph, types],
  );
  return { repairs, features };
}
