/** Actions on blocks: each is one undo step, or shows why not. */

import * as ports from "@/features/graph/model/blocks/blockPorts";
import { expandBlock, whyNotExpand, withoutUnused } from "@/features/graph/model/blocks/expandBlock";
import { makeBlock, whyNotBlock } from "@/features/graph/model/blocks/makeBlock";
import { findNode, nodeLabel } from "@/features/graph/model/document";
import { freeTitle } from "@/features/graph/model/names";
import { blockOf } from "@/features/graph/model/rewire";
import { openBlock, usesOf, withOpenBlock, withScope } from "@/features/graph/model/scope";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { edit, editDocument, openScope, useGraph } from "@/features/graph/store/graph";
import { select, useViewState } from "@/features/graph/store/viewState";
import type { GraphNode } from "@/shared/api/types";
import { ownValue } from "@/shared/lib/ownValue";
import { toast } from "@/shared/store/toast";
import { openDialog } from "@/shared/store/ui";
import { saveToLibrary } from "./library";

const scopeNow = () => openScope(useGraph.getState());
const typesNow = () => useCatalogue.getState().types;
const selected = () => useViewState.getState().nodes;

/** Return the only selected node if it is a block; shows a message otherwise. */
function selectedBlock(): { node: GraphNode; block: string } | null {
  const [id] = selected();
  const node = id === undefined || selected().size > 1 ? undefined : findNode(scopeNow(), id);
  const block = node && blockOf(node);
  if (node && block !== undefined) return { node, block };
  toast.info("Select a block first.");
  return null;
}

/** Ask for the name of a block of the selection, or show why that is not possible. */
export function askForBlock(): void {
  const reason = whyNotBlock(scopeNow(), typesNow(), selected());
  if (reason) toast.error(reason);
  else openDialog("makeBlock");
}

/** Return a name that no block has yet: Block 1, Block 2, … */
export function freshBlockName(): string {
  const names = new Set(Object.values(scopeNow().blocks).map((block) => block.name));
  return freeTitle(names, "Block 1");
}

/** Turn the selection into a block and select the node that replaces it. */
export function makeBlockOfSelection(name: string): void {
  const reason = whyNotBlock(scopeNow(), typesNow(), selected());
  if (reason) {
    toast.error(reason);
    return;
  }
  const { graph, id } = makeBlock(scopeNow(), typesNow(), selected(), name.trim() || freshBlockName());
  edit(() => graph);
  select([id]);
}

/** Replace the selected block with its inner nodes. */
export function expandSelectedBlock(): void {
  const found = selectedBlock();
  if (!found) return;
  const reason = whyNotExpand(scopeNow(), found.node.id);
  if (reason) {
    toast.error(reason);
    return;
  }
  const { path } = useGraph.getState();
  const { graph, ids } = expandBlock(scopeNow(), typesNow(), found.node.id);
  editDocument((document) => withoutUnused(withScope(document, path, graph), found.block));
  select(ids);
}

/** Give the selected block its own definition. */
export function makeIndependent(): void {
  const found = selectedBlock();
  if (!found) return;
  if (usesOf(useGraph.getState().graph, found.block) < 2) {
    toast.info(`${nodeLabel(found.node)} is already the only one of its kind.`);
    return;
  }
  edit((scope) => ports.makeIndependent(scope, found.node.id));
}

/** Save the selected or open block in the user's library. */
export function saveBlock(): void {
  const open = openBlock(scopeNow());
  const block = open && selected().size === 0 ? open.id : selectedBlock()?.block;
  if (block !== undefined) void saveToLibrary(block);
}

export function renameBlock(id: string, name: string): void {
  editDocument((document) => {
    const block = ownValue(document.blocks, id);
    if (!block || !name.trim() || block.name === name.trim()) return document;
    return { ...document, blocks: { ...document.blocks, [id]: { ...block, name: name.trim() } } };
  });
}

/** Delete a definition that no node uses. */
export function deleteUnused(id: string): void {
  editDocument((document) => withoutUnused(document, id));
}

type Kind = ports.Side | "params";

/** Rename a port or an exposed parameter of the open block, or show why not. */
export function renameOnBlock(kind: Kind, from: string, to: string): void {
  const open = openBlock(scopeNow());
  const block = open && ownValue(scopeNow().blocks, open.id);
  if (!open || !block) return;
  const reason = ports.whyNotName(block, kind, from, to);
  if (reason) toast.error(reason);
  else editDocument((document) => ports.renameOnBlock(document, open.id, kind, from, to.trim()));
}

/** Remove a port or an exposed parameter from the open block. */
export function removeFromBlock(kind: Kind, name: string): void {
  const open = openBlock(scopeNow());
  if (open) editDocument((document) => ports.removeFromBlock(document, open.id, kind, name));
}

/** Expose a parameter of an inner node on the open block, or stop exposing it. */
export function toggleExposed(node: GraphNode, param: string): void {
  const name = ports.exposedAs(scopeNow(), node.id, param);
  if (name === undefined) edit((scope) => ports.expose(scope, node, param));
  else hide(node.id, param, name);
}

/** Stop exposing one of several inner parameters under a name; the last one removes the name. */
function hide(node: string, param: string, name: string): void {
  const open = openBlock(scopeNow());
  const others = ownValue(open?.params, name)?.filter((ref) => ref.node !== node || ref.port !== param) ?? [];
  if (!open || others.length === 0) removeFromBlock("params", name);
  else edit((scope) => withOpenBlock(scope, { params: { ...open.params, [name]: others } }));
}
