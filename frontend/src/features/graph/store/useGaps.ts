import { useMemo } from "react";
import { type Gap, gapsOf } from "@/features/graph/model/gaps";
import { useCatalogue } from "./catalogue";
import { useGraph } from "./graph";

/** What this server could not show of the document when it was opened, as long as it is still so. */
export function useGaps(): { repairs: readonly string[]; gaps: Gap[] } {
  const types = useCatalogue((state) => state.types);
  const ready = useCatalogue((state) => state.status === "ready");
  const graph = useGraph((state) => state.graph);
  const repairs = useGraph((state) => state.repairs);
  const opened = useMemo(() => {
    // Each document that is opened brings a list of its own.
    void repairs;
    return new Set(ready ? gapsOf(useGraph.getState().graph, types).map(({ text }) => text) : []);
  }, [repairs, types, ready]);
  const gaps = useMemo(
    () => (opened.size === 0 ? [] : gapsOf(graph, types).filter(({ text }) => opened.has(text))),
    [opened, graph, types],
  );
  return { repairs, gaps };
}
