/** Every command of the page, once: keys, toolbar, command palette and help all read this list. */
import * as blocks from "./blocks";
import { fitView, openQuickAdd, startRename } from "./canvas";
import { newGraph, saveGraph } from "./documents";
import * as editing from "./editing";
import { chooseGraphFile, exportGraph } from "./files";
import { redo, undo } from "./graph";
import { pauseRun, resumeRun, startRun, stopRun } from "./runs";
import { closeBlock, openBlock } from "./scope";
import { type DrawerTab, isDark, openDialog, openDrawer, openLeft, setTheme, toggleSide, useUi } from "./ui";

type CommandGroup = "Run" | "Edit" | "View" | "Graph" | "Help";

export interface Command {
  title: string;
  group: CommandGroup;
  /** As react-hotkeys-hook reads them; the first alternative is the one that is shown. */
  keys?: string;
  /** True where the keys also work while a text field has the focus. */
  whileTyping?: boolean;
  run: () => unknown;
}

const drawer = (tab: DrawerTab, title: string, keys: string): Command => ({
  title: `Show ${title}`,
  group: "View",
  keys,
  whileTyping: true,
  run: () => openDrawer(tab),
});

export const COMMANDS = {
  run: { title: "Run", group: "Run", keys: "mod+enter", whileTyping: true, run: () => startRun() },
  pause: { title: "Pause the run", group: "Run", run: pauseRun },
  resume: { title: "Resume the run", group: "Run", run: resumeRun },
  stop: { title: "Stop the run", group: "Run", keys: "mod+.", whileTyping: true, run: stopRun },

  undo: { title: "Undo", group: "Edit", keys: "mod+z", run: undo },
  redo: { title: "Redo", group: "Edit", keys: "mod+shift+z, mod+y", run: redo },
  cut: { title: "Cut", group: "Edit", keys: "mod+x", run: editing.cutSelection },
  copy: { title: "Copy", group: "Edit", keys: "mod+c", run: editing.copySelection },
  paste: { title: "Paste", group: "Edit", keys: "mod+v", run: editing.paste },
  duplicate: { title: "Duplicate", group: "Edit", keys: "mod+d", run: editing.duplicateSelection },
  delete: { title: "Delete", group: "Edit", keys: "delete, backspace", run: editing.deleteSelection },
  selectAll: { title: "Select all", group: "Edit", keys: "mod+a", run: editing.selectAll },
  disable: { title: "Disable or enable", group: "Edit", keys: "mod+b", run: () => editing.toggleDisabled() },
  rename: { title: "Rename", group: "Edit", keys: "f2", run: () => startRename() },
  addNode: { title: "Add a node", group: "Edit", keys: "shift+a", run: () => openQuickAdd() },

  makeBlock: {
    title: "Make a block of the selection",
    group: "Edit",
    keys: "mod+alt+g",
    run: blocks.askForBlock,
  },
  openBlock: { title: "Open block", group: "Edit", keys: "alt+enter", run: () => openBlock() },
  closeBlock: { title: "Close block", group: "Edit", keys: "alt+backspace", run: () => closeBlock() },
  dissolveBlock: { title: "Dissolve block", group: "Edit", run: blocks.dissolveBlock },
  independentBlock: {
    title: "Make this instance independent",
    group: "Edit",
    run: blocks.makeIndependent,
  },
  saveBlock: { title: "Save block to my library", group: "Edit", run: blocks.saveBlock },

  fit: { title: "Fit the graph in view", group: "View", keys: "f", run: fitView },
  tidy: { title: "Tidy", group: "View", keys: "shift+l", run: () => editing.tidyGraph() },
  leftPanel: { title: "Fold the left panel", group: "View", keys: "[", run: () => toggleSide("left") },
  rightPanel: { title: "Fold the right panel", group: "View", keys: "]", run: () => toggleSide("right") },
  training: drawer("training", "Training", "mod+1"),
  runs: drawer("runs", "Runs", "mod+2"),
  problems: drawer("problems", "Problems", "mod+3"),
  logs: drawer("logs", "Logs", "mod+4"),
  theme: {
    title: "Switch between light and dark",
    group: "View",
    run: () => setTheme(isDark(useUi.getState().theme) ? "light" : "dark"),
  },

  save: { title: "Save a version", group: "Graph", keys: "mod+s", whileTyping: true, run: saveGraph },
  open: {
    title: "Open a graph",
    group: "Graph",
    keys: "mod+o",
    whileTyping: true,
    run: () => openLeft("graphs"),
  },
  starters: { title: "New from a starter", group: "Graph", run: () => openDialog("starters") },
  new: { title: "New empty graph", group: "Graph", run: newGraph },
  import: { title: "Import a graph file", group: "Graph", run: chooseGraphFile },
  export: { title: "Export as a graph file", group: "Graph", run: exportGraph },

  commands: {
    title: "All commands",
    group: "Help",
    keys: "mod+k",
    whileTyping: true,
    run: () => openDialog("commands"),
  },
  help: { title: "Keyboard shortcuts", group: "Help", keys: "shift+?", run: () => openDialog("help") },
} as const satisfies Record<string, Command>;

export type CommandId = keyof typeof COMMANDS;

export function command(id: CommandId): Command {
  return COMMANDS[id];
}
