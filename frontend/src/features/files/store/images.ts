/** Export the open graph as an image with the graph file inside: dropped on the page, it opens again. */
import interUrl from "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url";
import { withGraph } from "@/features/files/model/embed";
import { svgFile } from "@/features/files/model/svgFile";
import { moveNodes } from "@/features/graph/model/document";
import { drawGraph } from "@/features/graph/model/drawing/drawing";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import { tidyApart } from "@/features/graph/store/tidy";
import type { Graph } from "@/shared/api/types";
import { fileStem, saveBlob } from "@/shared/store/download";
import { toast } from "@/shared/store/toast";

export async function exportImage(kind: "png" | "svg"): Promise<void> {
  const { graph } = useGraph.getState();
  if (graph.nodes.length === 0) {
    toast.info("There is nothing to draw yet: add nodes first.");
    return;
  }
  const name = `${fileStem(graph.name, "graph")}.${kind}`;
  const note = toast.loading(`Drawing ${name}…`);
  try {
    saveBlob(name, await imageOf(graph, kind));
    toast.success(`Saved ${name}. The graph is inside: drop it on the page to open it.`, { id: note });
  } catch (error) {
    toast.error(`${name} could not be exported: ${(error as Error).message}`, { id: note });
  }
}

async function imageOf(graph: Graph, kind: "png" | "svg"): Promise<Blob> {
  const file = JSON.stringify(graph);
  const drawing = drawGraph(await placed(graph), useCatalogue.getState().types);
  const text = svgFile(drawing, {
    token: (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
    font: await fontAddress(),
    // A PNG has the graph in its own chunk.
    graph: kind === "svg" ? file : "",
  });
  const svg = new Blob([text], { type: "image/svg+xml" });
  if (kind === "svg") return svg;
  const png = await painted(svg, drawing.box);
  return new Blob([withGraph(new Uint8Array(await png.arrayBuffer()), file)], { type: "image/png" });
}

async function placed(graph: Graph): Promise<Graph> {
  if (graph.nodes.every((node) => node.position !== null)) return graph;
  return moveNodes(graph, await tidyApart(graph, useCatalogue.getState().types));
}

/** Return the page's font as a data URL: an image cannot load anything. */
async function fontAddress(): Promise<string> {
  try {
    const font = await (await fetch(interUrl)).blob();
    return await dataAddress(font);
  } catch {
    return "";
  }
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

const SCALE = 2;
/** Limits of browsers: pixels per side, and in total. */
const LONGEST = 16_000;
const MOST = 100e6;

async function painted(svg: Blob, { width, height }: { width: number; height: number }): Promise<Blob> {
  const scale = Math.min(SCALE, LONGEST / width, LONGEST / height, Math.sqrt(MOST / (width * height)));
  const address = URL.createObjectURL(svg);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(width * scale);
    canvas.height = Math.floor(height * scale);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (!png) throw new Error("the picture is too large for this browser. Export it as SVG.");
    return png;
  } finally {
    URL.revokeObjectURL(address);
  }
}
