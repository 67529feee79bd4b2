/** The items of the canvas menus: commands, with the reason if one is not possible. */
import { ExternalLink, Plus, Workflow } from "lucide-react";
import { selectedStudyParts } from "@/features/commands/store/commandGuards";
import { type CommandId, command } from "@/features/commands/store/commands";
import { askForStudy } from "@/features/commands/store/editCommands";
import { COLORS, groupOf, noteKey } from "@/features/graph/model/annotations";
import { infoOf } from "@/features/graph/model/blocks/blockInfo";
import { edgeId, findNode, nodeLabel } from "@/features/graph/model/document";
import { blockOf } from "@/features/graph/model/rewire";
import { findEnd, isEnd, openBlock } from "@/features/graph/model/scope";
import {
  addNote,
  changeGroup,
  changeNote,
  removeGroup,
  selectGroup,
  titleKey,
} from "@/features/graph/store/annotations";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { paste } from "@/features/graph/store/clipboard";
import { openScope, useGraph } from "@/features/graph/store/graph";
import { focusNode, openQuickAdd, select, startRename, useViewState } from "@/features/graph/store/viewState";
import type { Edge, GraphNode, Group, NodeInfo, Position } from "@/shared/api/types";
import { useUi } from "@/shared/store/ui";
import type { MenuItem } from "@/shared/ui/Menu";
import { CommandIcon } from "./CommandIcon";

const scopeNow = () => openScope(useGraph.getState());

/** Return a command as a menu item, with the reason if it is not possible for the selection. */
function item(id: CommandId, extra: Partial<MenuItem> = {}): MenuItem {
  const { title, keys, when, run } = command(id);
  const reason = when?.() ?? null;
  return {
    label: title,
    keys,
    icon: <CommandIcon id={id} />,
    onSelect: () => void run(),
    ...(reason !== null && { disabled: true, reason }),
    ...extra,
  };
}

/** Return the items for a node, or for the full selection if the node is part of it. */
export function nodeItems(id: string): MenuItem[] {
  if (!useViewState.getState().nodes.has(id)) select([id]);
  const node = findNode(scopeNow(), id);
  if (!node) return [];
  return useViewState.getState().nodes.size > 1 ? itemsOfSeveral() : itemsOfOne(node);
}

function itemsOfOne(node: GraphNode): MenuItem[] {
  const info = infoOf(scopeNow(), useCatalogue.getState().types, node);
  const isBlock = blockOf(node) !== undefined;
  return [
    ...(isBlock ? [item("openBlock")] : []),
    item("rename"),
    item("disable", { label: node.disabled ? "Enable" : "Disable" }),
    item("ablate", { label: "Ablate this…" }),
    ...addAfterItem(node, info),
    item("connect"),
    ...clipboardItems(),
    ...(isBlock
      ? [item("expandBlock", { separated: true }), item("independentBlock"), item("saveBlock")]
      : []),
    item("group", { separated: true }),
    ...(groupOf(scopeNow(), node.id)
      ? [item("membership", { label: "Remove from group" }), item("ungroup")]
      : []),
    item("makeBlock"),
    ...(info?.url ? [documentation(info.url)] : []),
    ...removalItems(),
  ];
}

const itemsOfSeveral = (): MenuItem[] => [
  item("disable", { label: areOff() ? "Enable" : "Disable" }),
  item("ablate"),
  ...clipboardItems(),
  item("group", { separated: true }),
  item("membership"),
  item("ungroup"),
  item("makeBlock"),
  item("alignLeft", { separated: true }),
  item("alignTop"),
  item("fit", { label: "Fit selection in view" }),
  ...removalItems(),
];

/** Whether all selected nodes that can be disabled are. */
function areOff(): boolean {
  const { types } = useCatalogue.getState();
  const able = scopeNow().nodes.filter(
    (node) => useViewState.getState().nodes.has(node.id) && infoOf(scopeNow(), types, node)?.can_disable,
  );
  return able.length > 0 && able.every((node) => node.disabled);
}

const clipboardItems = (): MenuItem[] => [item("cut", { separated: true }), item("copy"), item("duplicate")];

const removalItems = (): MenuItem[] => [
  item("delete", { danger: true, separated: true }),
  item("deleteAndReconnect", { danger: true }),
];

/** Return an item that adds a node after this one. */
function addAfterItem(node: GraphNode, info: NodeInfo | undefined): MenuItem[] {
  const [output] = info?.outputs ?? [];
  if (!output) return [];
  const add = (): void => {
    if (!findNode(scopeNow(), node.id)) return;
    const card = document.querySelector(`.react-flow__node[data-id="${CSS.escape(node.id)}"]`);
    const { right, top } = card?.getBoundingClientRect() ?? new DOMRect();
    openQuickAdd({
      at: { x: right + 60, y: top + 20 },
      from: { node: node.id, port: output.name, side: "source" },
    });
  };
  return [{ label: "Add a node after it…", icon: <Plus />, onSelect: add }];
}

function documentation(url: string): MenuItem {
  return {
    label: "PyTorch documentation",
    icon: <ExternalLink />,
    onSelect: () => void window.open(url, "_blank", "noopener"),
  };
}

/** Return the items for a group, in its own menu. */
export function groupItems(group: Group): MenuItem[] {
  return [
    { label: "Rename", icon: <CommandIcon id="rename" />, onSelect: () => startRename(titleKey(group.id)) },
    {
      label: group.folded ? "Unfold" : "Fold",
      icon: <CommandIcon id="fit" />,
      onSelect: () => changeGroup(group.id, { folded: !group.folded }),
    },
    { label: "Select nodes", icon: <CommandIcon id="selectAll" />, onSelect: () => selectGroup(group) },
    ablation(group),
    ...colorItems(group.color, (color) => changeGroup(group.id, { color })),
    {
      label: "Ungroup",
      icon: <CommandIcon id="ungroup" />,
      onSelect: () => removeGroup(group.id),
      separated: true,
    },
  ];
}

function ablation(group: Group): MenuItem {
  const able = selectedStudyParts(new Set(group.nodes));
  return {
    label: "Ablate these…",
    icon: <CommandIcon id="ablate" />,
    onSelect: () => void askForStudy(able),
    ...(able.length === 0 && { disabled: true, reason: "A study can remove none of its nodes." }),
  };
}

/** Return the items for a note, on a right click. */
export function noteItems(id: string): MenuItem[] {
  const note = scopeNow().notes.find((one) => one.id === id);
  if (!note) return [];
  if (!useViewState.getState().nodes.has(noteKey(id))) select([noteKey(id)]);
  return [
    {
      label: "Edit text",
      icon: <CommandIcon id="rename" />,
      keys: "f2",
      onSelect: () => startRename(noteKey(id)),
    },
    ...clipboardItems(),
    ...colorItems(note.color, (color) => changeNote(id, { color })),
    item("delete", { danger: true, separated: true }),
  ];
}

function colorItems(now: string, choose: (color: Group["color"]) => void): MenuItem[] {
  return COLORS.map((color, index) => ({
    label: color === "" ? "No colour" : `${color[0]?.toUpperCase()}${color.slice(1)}`,
    icon: <span className="color-dot" data-color={color || undefined} />,
    onSelect: () => choose(color),
    separated: index === 0,
    ...(color === now && { disabled: true, reason: "This is the current colour." }),
  }));
}

export function wireItems(id: string, at: Position): MenuItem[] {
  select([], [id]);
  const edge = scopeNow().edges.find((one) => edgeId(one) === id);
  if (!edge) return [];
  return [
    {
      label: "Insert a node here…",
      icon: <Plus />,
      onSelect: () => openQuickAdd({ at, from: null, into: id }),
    },
    ...(["source", "target"] as const).flatMap((end) => goTo(edge, end)),
    item("delete", { label: "Delete the wire", danger: true, separated: true }),
  ];
}

function goTo(edge: Edge, end: "source" | "target"): MenuItem[] {
  const node = findEnd(scopeNow(), edge[end]);
  if (!node || isEnd(node.id)) return [];
  return [
    {
      label: `Go to ${nodeLabel(node)}`,
      icon: <Workflow />,
      onSelect: () => focusNode(node.id),
      separated: end === "source",
    },
  ];
}

export function canvasItems(at: Position): MenuItem[] {
  const { snapGuides } = useUi.getState();
  return [
    item("addNode", { label: "Add a node…", onSelect: () => openQuickAdd({ at, from: null }) }),
    item("note", { label: "Add a note here", onSelect: () => addNote(at) }),
    item("paste", { label: "Paste here", onSelect: () => void paste({ at }) }),
    item("pasteKeeping", { onSelect: () => void paste({ at, keepInputs: true }) }),
    item("selectAll", { separated: true }),
    item("find"),
    item("tidy"),
    item("fitAll"),
    item("snapGuides", { label: snapGuides ? "Turn snapping off" : "Turn snapping on" }),
    ...(openBlock(scopeNow()) ? [item("closeBlock", { separated: true })] : []),
  ];
}

/** Return the items for the button beside Run. */
export const runItems = (): MenuItem[] => [
  item("run", { label: "Run once" }),
  item("newStudy", { label: "Run study…" }),
];
