/** Actions on groups and notes: each is one undo step. */

import * as notes from "@/features/graph/model/annotations";
import { freeTitle } from "@/features/graph/model/names";
import type { Group, Note, Position } from "@/shared/api/types";
import { toggleDisabled } from "./editing";
import { edit, openScope, useGraph } from "./graph";
import { select, startRename, useViewState } from "./viewState";

const scopeNow = () => openScope(useGraph.getState());
const selectedNodes = (): Set<string> => {
  const { nodes } = useViewState.getState();
  return new Set(scopeNow().nodes.flatMap(({ id }) => (nodes.has(id) ? [id] : [])));
};

/** The key under which the title of a group is edited. */
export const titleKey = (group: string): string => `title:${group}`;

/** Group the selected nodes, and edit the title. */
export function groupSelection(): void {
  const title = freeTitle(new Set(scopeNow().groups.map((group) => group.title)), "Group");
  const { graph, id } = notes.addGroup(scopeNow(), selectedNodes(), title);
  edit(() => graph);
  startRename(titleKey(id));
}

/** Remove the groups of the selected nodes; the nodes stay. */
export function ungroupSelection(): void {
  const nodes = selectedNodes();
  edit((graph) => ({
    ...graph,
    groups: graph.groups.filter((group) => !group.nodes.some((id) => nodes.has(id))),
  }));
}

export function changeGroup(id: string, change: Partial<Omit<Group, "id">>): void {
  edit((graph) => notes.changeGroup(graph, id, change));
}

export function removeGroup(id: string): void {
  edit((graph) => notes.removeGroup(graph, id));
}

/** Add the selected nodes to the group of one of them, or remove a single node from its group. */
export function changeMembership(): void {
  const nodes = selectedNodes();
  const [group] = scopeNow().groups.filter((one) => one.nodes.some((id) => nodes.has(id)));
  if (!group) return;
  const all = [...nodes].every((id) => group.nodes.includes(id));
  edit((graph) => (all ? notes.leaveGroups(graph, nodes) : notes.joinGroup(graph, group.id, nodes)));
}

export function selectGroup(group: Group): void {
  select(group.nodes);
}

/** Disable all nodes of a group that can be; enable them if all are disabled. */
export function toggleGroup(group: Group): void {
  toggleDisabled(new Set(group.nodes));
}

/** Add a note at the pointer, or in the middle, and edit it. */
export function addNote(at?: Position): void {
  const { camera } = useViewState.getState();
  const pointer = camera?.pointer();
  const from = at ?? (pointer?.over ? pointer.at : camera?.middle());
  const place = (from && camera?.toDocument(from)) ?? { x: 0, y: 0 };
  const position = { x: Math.round(place.x / 10) * 10, y: Math.round(place.y / 10) * 10 };
  const { graph, id } = notes.addNote(scopeNow(), position);
  edit(() => graph);
  select([notes.noteKey(id)]);
  startRename(notes.noteKey(id));
}

export function changeNote(id: string, change: Partial<Omit<Note, "id">>): void {
  edit((graph) => notes.changeNote(graph, id, change));
}
