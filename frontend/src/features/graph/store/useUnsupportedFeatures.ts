import { useMemo } from "react";
import { type UnsupportedFeature, unsupportedFeatures } from "@/features/graph/model/unsupportedFeatures";
import { useCatalogue } from "./catalogue";
import { useGraph } from "./graph";

/** What this server could not show of the document when it was opened, as long as it is still so. */
export function useUnsupportedFeatures(): { repairs: readonly string[]; features: UnsupportedFeature[] } {
  const types = useCatalogue((state) => state.types);
  const ready = useCatalogue((state) => state.status === "ready");
  const graph = useGraph((state) => state.graph);
  const repairs = useGraph((state) => state.repairs);
  const opened = useMemo(() => {
    // Each document that is opened brings a list of its own.
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
