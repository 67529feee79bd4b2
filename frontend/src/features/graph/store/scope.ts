/** Open and close blocks. */

import { findNode, nodeLabel } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { definitionAt, locateNode, type Path, ROOT } from "@/features/graph/model/scope";
import { toast } from "@/shared/store/toast";
import { openScope, useGraph } from "./graph";
import { fitView, focusNode, resetViewState, useViewState } from "./viewState";

export const pathKey = (path: Path): string => JSON.stringify(path);

/** Show the scope at a path, in its last view, otherwise fit it. */
function show(path: Path, selected: Iterable<string> = []): void {
  const { camera, views } = useViewState.getState();
  const before = useGraph.getState().path;
  const seen = camera ? new Map(views).set(pathKey(before), camera.view()) : views;
  useViewState.setState({ views: seen });
  resetViewState(selected);
  useGraph.setState({ path });
  if (path.length >= before.length || !seen.has(pathKey(path))) fitView();
}

/** Open the block of a node: the selected one by default. */
export function openBlock(id: string | undefined = [...useViewState.getState().nodes][0]): void {
  const { graph, path } = useGraph.getState();
  const node = id === undefined ? undefined : findNode(openScope({ graph, path }), id);
  if (!node || blockOf(node) === undefined) {
    toast.info("Select a block to open it.");
    return;
  }
  if (definitionAt(graph, [...path, node.id])) show([...path, node.id]);
  else toast.error(`The graph has no definition for ${nodeLabel(node)}.`);
}

/** Close the open block, or all blocks down to `depth`; the closed block is selected. */
export function closeBlock(depth: number = useGraph.getState().path.length - 1): void {
  const { path } = useGraph.getState();
  const left = path[depth];
  if (depth >= 0 && left !== undefined) show(path.slice(0, depth), [left]);
}

/** Reveal a node by its path id, such as "encoder/0/fc"; returns false if it no longer exists. */
export function goTo(id: string): boolean {
  const place = locateNode(useGraph.getState().graph, id);
  if (!place) return false;
  showNode(place.path, place.node);
  return true;
}

/** Reveal a node in its scope. */
export function showNode(path: Path, id: string): void {
  if (pathKey(path) !== pathKey(useGraph.getState().path)) show(path.length === 0 ? ROOT : path);
  focusNode(id);
}
