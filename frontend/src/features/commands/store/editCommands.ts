/** Commands that change the document. */

import * as blocks from "@/features/blocks/store/blocks";
import { type Arrangement, LEAST } from "@/features/graph/model/layout/arrange";
import * as annotations from "@/features/graph/store/annotations";
import { arrangeSelection } from "@/features/graph/store/arrange";
import * as clipboard from "@/features/graph/store/clipboard";
import { completeTraining } from "@/features/graph/store/complete";
import * as editing from "@/features/graph/store/editing";
import { redo, undo } from "@/features/graph/store/graph";
import { nudge, type Way } from "@/features/graph/store/nudge";
import { closeBlock, openBlock } from "@/features/graph/store/scope";
import { clearSelection, openQuickAdd, startRename } from "@/features/graph/store/viewState";
import { openDialog, toggleSnapGuides } from "@/shared/store/ui";
import * as guards from "./commandGuards";
import { type Command, commands } from "./commandType";

const align = (how: Arrangement, title: string): Command => ({
  title,
  group: "Arrange",
  keywords: "line up distribute layout",
  when: guards.needsSeveral(LEAST[how]),
  run: () => arrangeSelection(how),
});

const move = (way: Way): Command => ({
  title: `Move ${way} (Shift: five steps)`,
  group: "Arrange",
  keywords: "nudge arrow",
  keys: `arrow${way}, shift+arrow${way}`,
  onCanvas: true,
  when: guards.needsSelection,
  run: (keys) => nudge(way, keys?.startsWith("shift") ?? false),
});

/** Studies are rare, so their code is loaded on demand; the nodes are those selected at the time of the request. */
export async function askForStudy(parts: readonly string[]): Promise<void> {
  (await import("@/features/studies/store/studies")).defineStudy(parts);
}

export const EDIT = commands({
  undo: {
    title: "Undo",
    group: "Edit",
    keywords: "back revert",
    keys: "mod+z",
    when: guards.needsPast,
    run: undo,
  },
  redo: {
    title: "Redo",
    group: "Edit",
    keywords: "again repeat",
    keys: "mod+shift+z, mod+y",
    when: guards.needsFuture,
    run: redo,
  },
  cut: {
    title: "Cut",
    group: "Edit",
    keys: "mod+x",
    byEvent: true,
    when: guards.needsSelection,
    run: clipboard.cutSelection,
  },
  copy: {
    title: "Copy",
    group: "Edit",
    keywords: "clipboard json",
    keys: "mod+c",
    byEvent: true,
    when: guards.needsSelection,
    run: clipboard.copySelection,
  },
  paste: {
    title: "Paste",
    group: "Edit",
    keywords: "clipboard insert json",
    keys: "mod+v",
    byEvent: true,
    run: () => clipboard.paste(),
  },
  pasteKeeping: {
    title: "Paste with inputs",
    group: "Edit",
    keywords: "clipboard wires connections",
    keys: "mod+shift+v",
    byEvent: true,
    run: () => clipboard.paste({ keepInputs: true }),
  },
  duplicate: {
    title: "Duplicate",
    group: "Edit",
    keywords: "copy clone",
    keys: "mod+d",
    when: guards.needsSelection,
    run: editing.duplicateSelection,
  },
  delete: {
    title: "Delete",
    group: "Edit",
    keywords: "remove erase",
    keys: "delete, backspace",
    when: guards.needsAnything,
    run: editing.deleteSelection,
  },
  deleteAndReconnect: {
    title: "Delete and reconnect",
    group: "Edit",
    keywords: "remove join neighbours bypass",
    keys: "alt+delete",
    when: guards.needsNeighbours,
    run: editing.deleteSelectionAndReconnect,
  },
  selectAll: {
    title: "Select all",
    group: "Edit",
    keys: "mod+a",
    when: guards.needsNodes,
    run: editing.selectAll,
  },
  clear: {
    title: "Clear selection",
    group: "Edit",
    keywords: "deselect none",
    keys: "escape",
    byEvent: true,
    run: clearSelection,
  },
  disable: {
    title: "Disable or enable",
    group: "Edit",
    keywords: "bypass mute switch off power toggle",
    keys: "mod+b",
    when: guards.needsSwitch,
    run: () => editing.toggleDisabled(),
  },
  ablate: {
    title: "Ablate these…",
    group: "Edit",
    keywords: "study leave out remove compare importance",
    when: guards.needsStudyParts,
    run: () => askForStudy(guards.selectedStudyParts()),
  },
  rename: {
    title: "Rename",
    group: "Edit",
    keywords: "name title label",
    keys: "f2",
    when: guards.needsOne,
    run: () => startRename(),
  },
  addNode: {
    title: "Add a node",
    group: "Edit",
    keywords: "insert new layer create",
    keys: "shift+a",
    run: () => openQuickAdd(),
  },
  connect: {
    title: "Connect…",
    group: "Edit",
    keywords: "wire link edge port join",
    keys: "c",
    when: guards.needsOne,
    run: () => openDialog("connect"),
  },
  group: {
    title: "Group selection",
    group: "Edit",
    keywords: "frame box section title",
    keys: "mod+g",
    when: guards.needsNode,
    run: annotations.groupSelection,
  },
  ungroup: {
    title: "Ungroup",
    group: "Edit",
    keywords: "frame remove group",
    keys: "mod+shift+g",
    when: guards.needsGroup,
    run: annotations.ungroupSelection,
  },
  membership: {
    title: "Add to or remove from group",
    group: "Edit",
    keywords: "add remove member frame",
    when: guards.needsGroup,
    run: annotations.changeMembership,
  },
  note: {
    title: "Add a note",
    group: "Edit",
    keywords: "comment text sticky annotation",
    keys: "n",
    run: () => annotations.addNote(),
  },
  complete: {
    title: "Complete training",
    group: "Edit",
    keywords: "add loss optimizer data loop wire automatically",
    when: guards.needsNodes,
    run: completeTraining,
  },
  makeBlock: {
    title: "Make a block",
    group: "Block",
    keywords: "subgraph module group function",
    keys: "mod+alt+g",
    when: guards.needsBlockable,
    run: blocks.askForBlock,
  },
  makeRepeat: {
    title: "Fold repeating layers",
    group: "Block",
    keywords: "fold stack times repeat count",
    when: guards.needsNodes,
    run: async () => (await import("@/features/blocks/store/repeats")).makeBlockOfRepeats(),
  },
  openBlock: {
    title: "Open block",
    group: "Block",
    keywords: "enter inside edit subgraph",
    keys: "alt+enter",
    when: guards.needsBlock,
    run: () => openBlock(),
  },
  closeBlock: {
    title: "Close block",
    group: "Block",
    keywords: "leave back up outside",
    keys: "alt+backspace",
    when: guards.needsOpenBlock,
    run: () => closeBlock(),
  },
  expandBlock: {
    title: "Expand block",
    group: "Block",
    keywords: "unpack flatten inline ungroup",
    when: guards.needsExpandable,
    run: blocks.expandSelectedBlock,
  },
  independentBlock: {
    title: "Make independent",
    group: "Block",
    keywords: "copy own definition unlink",
    when: guards.needsTwins,
    run: blocks.makeIndependent,
  },
  saveBlock: {
    title: "Save to my blocks",
    group: "Block",
    keywords: "reuse keep",
    when: guards.needsSomeBlock,
    run: blocks.saveBlock,
  },
  moveLeft: move("left"),
  moveRight: move("right"),
  moveUp: move("up"),
  moveDown: move("down"),
  tidy: {
    title: "Tidy",
    group: "Arrange",
    keywords: "layout arrange clean up dagre",
    keys: "shift+l",
    when: guards.needsNodes,
    run: () => editing.tidyGraph(),
  },
  alignLeft: align("left", "Align left edges"),
  alignRight: align("right", "Align right edges"),
  alignTop: align("top", "Align tops"),
  alignBottom: align("bottom", "Align bottoms"),
  spaceAcross: align("across", "Space evenly across"),
  spaceDown: align("down", "Space evenly down"),
  snapGuides: {
    title: "Toggle snapping",
    group: "Arrange",
    keywords: "snap guides magnet grid",
    run: toggleSnapGuides,
  },
});
