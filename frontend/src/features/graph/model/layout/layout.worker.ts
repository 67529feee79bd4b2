/** Tidy in a separate thread: a graph of two thousand nodes takes seconds. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import type { Graph } from "@/shared/api/types";
import { tidy } from "./layout";

addEventListener("message", ({ data }: MessageEvent<{ graph: Graph; catalogue: Catalogue }>) => {
  postMessage(tidy(data.graph, data.catalogue));
});
