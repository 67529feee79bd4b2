/** Graphs and tables as files: dropped on the page, chosen, or saved by the browser. */
import { toast } from "sonner";
import type { Graph } from "@/api/types";
import { graphFromText } from "@/lib/graphFile";
import { openAsNew, reportError } from "./documents";
import { useGraph } from "./graph";

/** Saves the open document as a JSON file. */
export function exportGraph(): void {
  const { graph } = useGraph.getState();
  const blob = new Blob([JSON.stringify(graph, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${graph.name.replace(/[^\p{L}\p{N} ._-]+/gu, "_").trim() || "graph"}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Opens a graph file as a new graph, or says what is wrong with it. */
export async function importGraph(file: File): Promise<void> {
  let graph: Graph;
  try {
    graph = graphFromText(await file.text(), file.name);
  } catch (error) {
    return reportError(error);
  }
  if (await openAsNew(graph)) toast.success(`Opened ${file.name} as a new graph.`);
}

/** Asks for a graph file and opens it. */
export function chooseGraphFile(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".json,application/json";
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) void importGraph(file);
  };
  input.click();
}
