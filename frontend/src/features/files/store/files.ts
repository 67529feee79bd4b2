/** Graphs and tables as files: dropped on the page, selected, or saved by the browser. */

import { uploadFile } from "@/features/datasets/store/uploads";
import { kindOfName, notOurs, tooLarge } from "@/features/files/model/fileKinds";
import { graphFromText } from "@/features/graph/model/graphFile";
import { openAsNew, reportError } from "@/features/graph/store/documents";
import { addDatasetNode } from "@/features/graph/store/editing";
import { useGraph } from "@/features/graph/store/graph";
import { readGraph } from "@/shared/api/graphs";
import type { DatasetRecord, Graph } from "@/shared/api/types";
import { formatInt, plural } from "@/shared/lib/format";
import { fileStem, saveFile } from "@/shared/store/download";
import { toast } from "@/shared/store/toast";
import { openLeft } from "@/shared/store/ui";

/** Save a document as a JSON file: the open one by default. */
export function exportGraph(graph: Graph = useGraph.getState().graph): void {
  const name = `${fileStem(graph.name, "graph")}.json`;
  saveFile(name, JSON.stringify(graph, null, 2), "application/json");
}

/** Save a stored graph, with its unsaved edits, as a JSON file. */
export async function exportStored(id: string): Promise<void> {
  if (useGraph.getState().graphId === id) return exportGraph();
  try {
    const { draft, graph } = await readGraph(id);
    exportGraph(draft ?? graph);
  } catch (error) {
    reportError(error);
  }
}

/** Read the graph in a graph file or an image. Throws an Error that names the file and what is wrong. */
async function graphIn(file: File, kind: "graph" | "image"): Promise<Graph> {
  const refused = tooLarge(file, kind);
  if (refused) throw new Error(refused);
  const text = kind === "graph" ? await textOf(file) : await graphInImage(file);
  return graphFromText(text, file.name);
}

async function textOf(file: File): Promise<string> {
  try {
    return await file.text();
  } catch {
    throw new Error(`${file.name} could not be read. Is it a folder, or was it moved?`);
  }
}

async function graphInImage(file: File): Promise<string> {
  const { graphInPng, graphInSvg, isPng } = await import("@/features/files/model/embed");
  const fail = (why: string): never => {
    throw new Error(`${file.name}: ${why}`);
  };
  const none = "there is no graph in it. Images that VisDL exports have one.";
  if (/\.svg$/i.test(file.name)) return graphInSvg(await textOf(file)) ?? fail(none);
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!isPng(bytes)) return fail("this is not a PNG image.");
  let text: string | null = null;
  try {
    text = graphInPng(bytes);
  } catch (error) {
    fail((error as Error).message);
  }
  return text ?? fail(none);
}

type Upload = (file: File) => Promise<DatasetRecord | null>;

/** Open files one after another: graphs open, tables are uploaded; unusable files are reported by name. */
export async function openFiles(files: readonly File[], upload: Upload = uploadFile): Promise<void> {
  const opened: string[] = [];
  for (const file of files) {
    const kind = kindOfName(file.name);
    try {
      if (kind === "table") await takeTable(file, upload);
      else if (kind === "other") toast.error(notOurs(file.name));
      else if (await openAsNew(await graphIn(file, kind))) opened.push(file.name);
    } catch (error) {
      reportError(error);
    }
  }
  if (opened.length === 1) toast.success(`Opened ${opened[0]} as a new graph.`);
  if (opened.length > 1)
    toast.success(`Opened ${plural(opened.length, "graph")}; this is ${opened.at(-1)}.`, {
      description: "The others are in the list of graphs.",
    });
}

async function takeTable(file: File, upload: Upload): Promise<void> {
  openLeft("datasets");
  const dataset = await upload(file);
  if (!dataset) return;
  toast.success(
    `Uploaded ${dataset.name}: ${formatInt(dataset.rows)} rows, ${plural(dataset.columns.length, "column")}.`,
    { action: { label: "Add a loader", onClick: () => addDatasetNode(dataset.name) } },
  );
}

/** Ask for graph files, or images with graphs, and open them. */
export function chooseGraphFile(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".json,.png,.svg,application/json";
  input.onchange = () => void openFiles([...(input.files ?? [])]);
  input.click();
}
