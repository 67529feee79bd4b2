import { api, call } from "./client";
import type { BlockRecord, Graph } from "./types";

export async function listBlocks(): Promise<BlockRecord[]> {
  return await call(api.GET("/api/blocks"));
}

/** Keeps a block in the user's library, with the blocks that it uses. */
export async function createBlock(
  name: string,
  block: string,
  blocks: Graph["blocks"],
): Promise<BlockRecord> {
  return await call(api.POST("/api/blocks", { body: { name, block, blocks } }));
}

export async function deleteBlock(id: string): Promise<void> {
  await call(api.DELETE("/api/blocks/{block_id}", { params: { path: { block_id: id } } }));
}
