/** The user's own blocks, as stored on the server. */

import { create } from "zustand";
import { blockInfo } from "@/features/graph/model/blocks/blockInfo";
import { blocksUsed, mergeBlocks } from "@/features/graph/model/blocks/blockMerge";
import { insertIntoWire } from "@/features/graph/model/connections/insert";
import { addNode } from "@/features/graph/model/document";
import { wouldContainItself } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { reportError, reportUnlessAway } from "@/features/graph/store/documents";
import { freePosition } from "@/features/graph/store/editing";
import { edit, openScope, useGraph } from "@/features/graph/store/graph";
import { select } from "@/features/graph/store/viewState";
import { createBlock, deleteBlock, listBlocks } from "@/shared/api/blocks";
import type { BlockRecord, Position } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { toast } from "@/shared/store/toast";

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

/** Save a block of the document in the library, with the blocks that it uses. */
export async function saveToLibrary(id: string): Promise<void> {
  const { blocks } = useGraph.getState().graph;
  const block = ownValue(blocks, id);
  if (!block) return;
  const used = [id, ...blocksUsed(blocks, block.nodes)];
  const kept = Object.fromEntries(Object.entries(blocks).filter(([one]) => used.includes(one)));
  try {
    await createBlock(block.name, id, kept);
    toast.success(`Saved “${block.name}” to My blocks.`);
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

/** Return what a library block would be in the open scope, and the blocks that are added with it. */
export function libraryBlock(record: BlockRecord) {
  const scope = openScope(useGraph.getState());
  const { blocks, renamed } = mergeBlocks(scope.blocks, record.blocks);
  const block = renamed.get(record.block) ?? record.block;
  return { blocks, block, info: blockInfo({ ...scope, blocks }, useCatalogue.getState().types, block) };
}

/** Copy a library block into the document and add a node for it, in one step; `into` is a wire to insert it on. */
export function addFromLibrary(
  record: BlockRecord,
  position: Position = freePosition(),
  into: string | null = null,
): void {
  const { blocks, block, info } = libraryBlock(record);
  if (!info) {
    toast.error(`“${record.name}” cannot be used: its definition is incomplete.`);
    return;
  }
  const scope = { ...openScope(useGraph.getState()), blocks };
  const { graph, id } = addNode(scope, info, position, { block });
  if (wouldContainItself(graph, graph.nodes.slice(-1))) {
    toast.error("A block cannot contain itself.");
    return;
  }
  const { types } = useCatalogue.getState();
  edit(() => (into !== null && insertIntoWire(graph, types, id, into)) || graph);
  select([id]);
}
