/** Tidy in the background, so that editing is not blocked. */

import type { Catalogue } from "@/features/graph/model/catalogue";
import type { Graph, Position } from "@/shared/api/types";
import { formatInt } from "@/shared/lib/format";
import { toast } from "@/shared/store/toast";

type Places = Map<string, Position>;

/** From this size on, a message states that it takes a moment. */
const LARGE = 300;

/** Return the position of each node. Rejects if the layout fails. */
export async function tidyApart(graph: Graph, catalogue: Catalogue): Promise<Places> {
  const note =
    graph.nodes.length >= LARGE && toast.loading(`Tidying ${formatInt(graph.nodes.length)} nodes…`);
  try {
    return await (typeof Worker === "undefined" ? tidyHere(graph, catalogue) : tidyThere(graph, catalogue));
  } finally {
    if (note) toast.dismiss(note);
  }
}

async function tidyHere(graph: Graph, catalogue: Catalogue): Promise<Places> {
  const { tidy } = await import("@/features/graph/model/layout/layout");
  return tidy(graph, catalogue);
}

function tidyThere(graph: Graph, catalogue: Catalogue): Promise<Places> {
  const worker = new Worker(new URL("../model/layout/layout.worker.ts", import.meta.url), { type: "module" });
  const answer = new Promise<Places>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Places>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message || "The layout could not be computed."));
  });
  worker.postMessage({ graph, catalogue });
  return answer.finally(() => worker.terminate());
}
