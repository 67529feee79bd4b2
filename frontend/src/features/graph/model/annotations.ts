/** Groups and notes of a graph or a block: titled frames around nodes, and text. All edits are pure. */
import type { Graph, GraphNode, Group, Note, Position } from "@/shared/api/types";
import { freeId } from "./names";

/** The colours of groups and notes; the first stands for none. */
export const COLORS = ["", "yellow", "green", "blue", "violet", "pink"] as const;

export const NOTE = { width: 200, height: 100, least: { width: 60, height: 40 } } as const;

/** The key under which a note is selected, moved and deleted like a node. */
const NOTE_KEY = "note:";
export const noteKey = (id: string): string => `${NOTE_KEY}${id}`;
export const noteOf = (key: string): string | null =>
  key.startsWith(NOTE_KEY) ? key.slice(NOTE_KEY.length) : null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** Return the records of a list, each with a unique id. */
function itemsOf(value: unknown, stem: string): (Record<string, unknown> & { id: string })[] {
  const taken = new Set<string>();
  return (Array.isArray(value) ? value : []).filter(isRecord).map((item) => {
    const id = freeId(taken, typeof item.id === "string" && item.id ? item.id : stem);
    taken.add(id);
    return { ...item, id };
  });
}

const colorOf = (value: unknown): Group["color"] => COLORS.find((color) => color === value) ?? "";

/** Return the valid groups of a file or a stored document, with all fields filled in. */
export function groupsIn(value: unknown): Group[] {
  return itemsOf(value, "group").map((item) => ({
    ...item,
    title: typeof item.title === "string" ? item.title : "",
    nodes: (Array.isArray(item.nodes) ? item.nodes : []).filter((id) => typeof id === "string"),
    folded: item.folded === true,
    color: colorOf(item.color),
  }));
}

/** Return the valid notes of a file or a stored document, with all fields filled in. */
export function notesIn(value: unknown): Note[] {
  const number = (found: unknown, otherwise: number): number =>
    typeof found === "number" && Number.isFinite(found) ? found : otherwise;
  return itemsOf(value, "note").map((item) => {
    const { x, y } = isRecord(item.position) ? item.position : {};
    return {
      ...item,
      text: typeof item.text === "string" ? item.text : "",
      position: { x: number(x, 0), y: number(y, 0) },
      width: Math.max(NOTE.least.width, number(item.width, NOTE.width)),
      height: Math.max(NOTE.least.height, number(item.height, NOTE.height)),
      color: colorOf(item.color),
    };
  });
}

type Annotated = Pick<Graph, "nodes" | "groups" | "notes">;

/** Return the group of a node. */
export function groupOf(graph: Pick<Graph, "groups">, node: string): Group | undefined {
  return graph.groups.find((group) => group.nodes.includes(node));
}

/** Group nodes; they are removed from their previous groups. */
export function addGroup<Of extends Annotated>(
  graph: Of,
  nodes: Iterable<string>,
  title: string,
): { graph: Of; id: string } {
  const members = [...nodes];
  const id = freeId(new Set(graph.groups.map((group) => group.id)), "group");
  const group: Group = { id, title, nodes: members, folded: false, color: "" };
  return { graph: { ...graph, groups: [...without(graph.groups, new Set(members)), group] }, id };
}

/** Return the groups without these nodes; a group that becomes empty is removed. */
function without(groups: Group[], nodes: ReadonlySet<string>): Group[] {
  return groups.flatMap((group) => {
    const kept = group.nodes.filter((id) => !nodes.has(id));
    if (kept.length === group.nodes.length) return [group];
    return kept.length > 0 ? [{ ...group, nodes: kept }] : [];
  });
}

/** Remove nodes from their groups. */
export function leaveGroups<Of extends Annotated>(graph: Of, nodes: ReadonlySet<string>): Of {
  return graph.groups.some((group) => group.nodes.some((id) => nodes.has(id)))
    ? { ...graph, groups: without(graph.groups, nodes) }
    : graph;
}

/** Add nodes to an existing group. */
export function joinGroup<Of extends Annotated>(graph: Of, id: string, nodes: ReadonlySet<string>): Of {
  const joined = leaveGroups(
    { ...graph, groups: graph.groups.map((group) => (group.id === id ? { ...group, nodes: [] } : group)) },
    nodes,
  );
  const old = graph.groups.find((group) => group.id === id);
  if (!old) return graph;
  const members = [...new Set([...old.nodes, ...nodes])];
  return {
    ...joined,
    groups: joined.groups.map((group) => (group.id === id ? { ...group, nodes: members } : group)),
  };
}

export function changeGroup<Of extends Annotated>(
  graph: Of,
  id: string,
  change: Partial<Omit<Group, "id">>,
): Of {
  return { ...graph, groups: changed(graph.groups, id, change) };
}

export function removeGroup<Of extends Annotated>(graph: Of, id: string): Of {
  return { ...graph, groups: graph.groups.filter((group) => group.id !== id) };
}

export function addNote<Of extends Annotated>(
  graph: Of,
  position: Position,
  text = "",
): { graph: Of; id: string } {
  const id = freeId(new Set(graph.notes.map((note) => note.id)), "note");
  const { width, height } = NOTE;
  const note: Note = { id, text, position, width, height, color: "yellow" };
  return { graph: { ...graph, notes: [...graph.notes, note] }, id };
}

export function changeNote<Of extends Annotated>(
  graph: Of,
  id: string,
  change: Partial<Omit<Note, "id">>,
): Of {
  return { ...graph, notes: changed(graph.notes, id, change) };
}

function changed<Item extends { id: string }>(items: Item[], id: string, change: Partial<Item>): Item[] {
  return items.map((item) => (item.id === id ? { ...item, ...change } : item));
}

/** Remove the notes with these keys; returns the same object if there are none. */
export function removeNotes<Of extends Annotated>(graph: Of, keys: ReadonlySet<string>): Of {
  const notes = graph.notes.filter((note) => !keys.has(noteKey(note.id)));
  return notes.length === graph.notes.length ? graph : { ...graph, notes };
}

/** Move the notes with these keys. */
export function moveNotes<Of extends Annotated>(graph: Of, places: ReadonlyMap<string, Position>): Of {
  const moves = graph.notes.some(({ id, position: { x, y } }) => {
    const to = places.get(noteKey(id));
    return to !== undefined && (to.x !== x || to.y !== y);
  });
  if (!moves) return graph;
  return {
    ...graph,
    notes: graph.notes.map((note) => ({ ...note, position: places.get(noteKey(note.id)) ?? note.position })),
  };
}

/** Return where notes move when nodes move: each stays beside its nearest node. */
export function notesBeside(graph: Graph, places: ReadonlyMap<string, Position>): Map<string, Position> {
  const found = new Map<string, Position>();
  for (const note of graph.notes) {
    const distance = ({ position }: GraphNode): number =>
      position ? Math.hypot(...between(note.position, position)) : Number.POSITIVE_INFINITY;
    const [first, ...others] = graph.nodes;
    if (!first) break;
    const nearest = others.reduce((best, node) => (distance(node) < distance(best) ? node : best), first);
    const to = places.get(nearest.id);
    if (!to || !nearest.position) continue;
    const [dx, dy] = between(nearest.position, to);
    found.set(noteKey(note.id), { x: note.position.x + dx, y: note.position.y + dy });
  }
  return found;
}

const between = (from: Position, to: Position): [number, number] => [to.x - from.x, to.y - from.y];

/** Remove deleted nodes from groups, and empty groups, after an edit. */
export function settled<Of extends Annotated>(before: Annotated | undefined, now: Of): Of {
  if (now.groups.length === 0 || (before && before.nodes === now.nodes && before.groups === now.groups))
    return now;
  const there = new Set(now.nodes.map((node) => node.id));
  const gone = new Set(now.groups.flatMap((group) => group.nodes.filter((id) => !there.has(id))));
  return gone.size > 0 ? { ...now, groups: without(now.groups, gone) } : now;
}

/** Return what is copied with these nodes: the groups that are fully selected, and the selected notes. */
export function annotationsOf(graph: Annotated, keys: ReadonlySet<string>): Pick<Graph, "groups" | "notes"> {
  return {
    groups: graph.groups.filter((group) => group.nodes.every((id) => keys.has(id))),
    notes: graph.notes.filter((note) => keys.has(noteKey(note.id))),
  };
}

/** Add copies of groups and notes under new node ids. Also returns the keys of the notes. */
export function insertAnnotations<Of extends Annotated>(
  graph: Of,
  { groups = [], notes = [] }: Partial<Pick<Graph, "groups" | "notes">>,
  renamed: ReadonlyMap<string, string>,
  offset: Position,
): { graph: Of; keys: string[] } {
  let next = graph;
  for (const group of groups) {
    const nodes = group.nodes.flatMap((id) => renamed.get(id) ?? []);
    if (nodes.length === 0) continue;
    const made = addGroup(next, nodes, group.title);
    next = changeGroup(made.graph, made.id, { folded: group.folded, color: group.color });
  }
  const keys: string[] = [];
  for (const { id: _id, position, ...note } of notes) {
    const made = addNote(next, { x: position.x + offset.x, y: position.y + offset.y });
    next = changeNote(made.graph, made.id, note);
    keys.push(noteKey(made.id));
  }
  return { graph: next, keys };
}
