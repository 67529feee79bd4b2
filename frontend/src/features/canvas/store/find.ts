/** The search in the graph, and the result that is shown. */
import { create } from "zustand";
import { type Found, findNodes } from "@/features/canvas/model/find";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { useGraph } from "@/features/graph/store/graph";
import { pathKey, showNode } from "@/features/graph/store/scope";

interface FindState {
  open: boolean;
  query: string;
  /** Index of the shown result; -1 before the first is shown. */
  at: number;
}

const CLOSED: FindState = { open: false, query: "", at: -1 };

export const useFind = create<FindState>()(() => CLOSED);

export function openFind(): void {
  useFind.setState({ open: true });
}

export function closeFind(): void {
  useFind.setState(CLOSED);
}

export function lookFor(query: string): void {
  useFind.setState({ query, at: -1 });
}

/** Return all results in the current document. */
function foundNow(query: string = useFind.getState().query): Found[] {
  return findNodes(useGraph.getState().graph, useCatalogue.getState().types, query);
}

/** Show the next or previous result, wrapping around. */
export function showFound(step: 1 | -1): void {
  const found = foundNow();
  if (found.length === 0) return;
  const { at } = useFind.getState();
  const next = at < 0 ? (step > 0 ? 0 : found.length - 1) : (at + step + found.length) % found.length;
  useFind.setState({ at: next });
  const target = found[next];
  if (target) showNode(target.path, target.id);
}

/** Return the results in the open scope. */
export function foundHere(found: readonly Found[], path: readonly string[]): Set<string> {
  const here = pathKey(path);
  return new Set(found.filter((one) => pathKey(one.path) === here).map(({ id }) => id));
}
