/** Tidy in a thread of its own: a graph of two thousand nodes takes seconds. */
import type { Graph } from "@/api/types";
import type { Catalogue } from "./catalogue";
import { tidy } from "./layout";

addEventListener("message", ({ data }: MessageEvent<{ graph: Graph; catalogue: Catalogue }>) => {
  postMessage(tidy(data.graph, data.catalogue));
});
