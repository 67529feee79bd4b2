/** Find nodes by their visible text, inside blocks too. */

import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { type Catalogue, paramLabel, paramValue, shapeOf, valueText } from "@/features/graph/model/catalogue";
import { nodeLabel } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { type Path, ROOT, scopeOf } from "@/features/graph/model/scope";
import type { Graph, GraphNode } from "@/shared/api/types";

export interface Found {
  path: Path;
  id: string;
}

/** Return the nodes with every word of `query` in their name, type or parameters; each block definition once. */
export function findNodes(document: Graph, types: Catalogue, query: string): Found[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const found: Found[] = [];
  const seen = new Set<string>();
  const pending: Path[] = [ROOT];
  for (const path of pending) {
    const scope = scopeOf(document, path);
    for (const node of scope.nodes) {
      const text = textOf(scope, types, node);
      if (words.every((word) => text.includes(word))) found.push({ path, id: node.id });
      const block = blockOf(node);
      if (block === undefined || seen.has(block) || !Object.hasOwn(document.blocks, block)) continue;
      seen.add(block);
      pending.push([...path, node.id]);
    }
  }
  return found;
}

function textOf(scope: Graph, types: Catalogue, node: GraphNode): string {
  const info = infoOf(scope, types, node);
  const params = info ? shapeOf(info).params : [];
  const values = params.map(
    (param) => `${paramLabel(param)} ${param.name}=${valueText(paramValue(node, param))}`,
  );
  const state = node.disabled ? "disabled" : "";
  return [nodeLabel(node), node.id, node.type, info?.display_name, info?.category, state, ...values]
    .join(" ")
    .toLowerCase();
}
