/** The user's own blocks, as the server keeps them. */
import { toast } from "sonner";
import { create } from "zustand";
import { createBlock, deleteBlock, listBlocks } from "@/api/blocks";
import type { BlockRecord, Position } from "@/api/types";
import { blockInfo } from "@/lib/blockInfo";
import { blocksUsed, mergeBlocks } from "@/lib/blockMerge";
import { addNode } from "@/lib/document";
import { wouldContainItself } from "@/lib/scope";
import { select } from "./canvas";
import { useCatalogue } from "./catalogue";
import { reportError, reportUnlessAway } from "./documents";
import { freePlace } from "./editing";
import { edit, openScope, useGraph } from "./graph";

interface LibraryState {
  records: BlockRecord[];
  status: "unasked" | "ready" | "failed";
}

export const useLibrary = create<LibraryState>()(() => ({ records: [], status: "unasked" }));

export async function loadLibrary(): Promise<void> {
  try {
    useLibrary.setState({ records: await listBlocks(), status: "ready" });
  } catch (error) {
    useLibrary.setState(({ status }) => ({ status: status === "ready" ? "ready" : "failed" }));
    reportUnlessAway(error);
  }
}

/** Keeps a block of the document, with those that it uses. */
export async function saveToLibrary(id: string): Promise<void> {
  const { blocks } = useGraph.getState().graph;
  const block = blocks[id];
  if (!block) return;
  const used = [id, ...blocksUsed(blocks, block.nodes)];
  const kept = Object.fromEntries(used.flatMap((one) => (blocks[one] ? [[one, blocks[one]]] : [])));
  try {
    await createBlock(block.name, id, kept);
    toast.success(`“${block.name}” is in My blocks now.`);
    await loadLibrary();
  } catch (error) {
    reportError(error);
  }
}

export async function removeFromLibrary(id: string): Promise<void> {
  try {
    await deleteBlock(id);
    useLibrary.setState(({ records }) => ({ records: records.filter((record) => record.id !== id) }));
  } catch (error) {
    reportError(error);
  }
}

/** Copies a block of the library into the document and adds a node for it, in one step. */
export function addFromLibrary(record: BlockRecord, position: Position = freePlace()): void {
  const scope = openScope(useGraph.getState());
  const { blocks, renamed } = mergeBlocks(scope.blocks, record.blocks);
  const block = renamed.get(record.block) ?? record.block;
  const info = blockInfo({ ...scope, blocks }, useCatalogue.getState().types, block);
  if (!info) {
    toast.error(`“${record.name}” cannot be used: its definition is not complete.`);
    return;
  }
  const { graph, id } = addNode({ ...scope, blocks }, info, position, { block });
  if (wouldContainItself(graph, graph.nodes.slice(-1))) {
    toast.error("A block cannot contain itself.");
    return;
  }
  edit(() => graph);
  select([id]);
}
