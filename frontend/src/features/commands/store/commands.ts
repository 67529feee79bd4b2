/** All commands of the page: keys, toolbar, menus, command palette and help read this list. */

import { chooseGraphFile, exportGraph } from "@/features/files/store/files";
import { newGraph, saveGraph } from "@/features/graph/store/documents";
import { signOut } from "@/features/graph/store/signOut";
import { pauseRun, resumeRun, startRun, stopRun } from "@/features/runs/store/runs";
import { toast } from "@/shared/store/toast";
import { openDialog, openLeft } from "@/shared/store/ui";
import * as guards from "./commandGuards";
import { type Command, commands } from "./commandType";
import { askForStudy, EDIT } from "./editCommands";
import { VIEW } from "./viewCommands";

export type { Command };

/** Image export is rare, so its code is loaded on demand. */
const exportImage = async (kind: "png" | "svg"): Promise<void> =>
  (await import("@/features/files/store/images")).exportImage(kind);

const RUN = commands({
  run: {
    title: "Run",
    group: "Run",
    keywords: "train start fit execute",
    keys: "mod+enter",
    whileTyping: true,
    when: guards.needsValidGraph,
    run: () => startRun(),
  },
  pause: {
    title: "Pause the run",
    group: "Run",
    keywords: "hold wait",
    when: guards.needsRunning,
    run: pauseRun,
  },
  resume: {
    title: "Resume the run",
    group: "Run",
    keywords: "continue",
    when: guards.needsResting,
    run: resumeRun,
  },
  stop: {
    title: "Stop the run",
    group: "Run",
    keywords: "cancel end abort",
    keys: "mod+.",
    whileTyping: true,
    when: guards.needsLive,
    run: stopRun,
  },
  newStudy: {
    title: "New study…",
    group: "Run",
    keywords: "ablation ablate seeds grid search sweep compare",
    when: guards.needsNodes,
    run: () => askForStudy([]),
  },
});

const GRAPH = commands({
  save: {
    title: "Save a version",
    group: "Graph",
    keywords: "store keep",
    keys: "mod+s",
    whileTyping: true,
    run: () => saveGraph(),
  },
  saveNamed: {
    title: "Save a version with a name…",
    group: "Graph",
    keywords: "label tag",
    keys: "mod+shift+s",
    whileTyping: true,
    run: () => openDialog("saveVersion"),
  },
  versions: {
    title: "Versions…",
    group: "Graph",
    keywords: "history compare diff restore",
    keys: "mod+alt+s",
    whileTyping: true,
    run: () => openDialog("versions"),
  },
  open: {
    title: "Open a graph",
    group: "Graph",
    keywords: "load recent home list",
    keys: "mod+o",
    whileTyping: true,
    run: () => openLeft("graphs"),
  },
  starters: {
    title: "New from starter",
    group: "Graph",
    keywords: "template example gallery",
    run: () => openDialog("starters"),
  },
  new: { title: "New empty graph", group: "Graph", keywords: "blank create", run: newGraph },
  import: {
    title: "Import graph file",
    group: "Graph",
    keywords: "load json png open",
    run: chooseGraphFile,
  },
  export: {
    title: "Export graph file",
    group: "Graph",
    keywords: "download json save as",
    run: () => exportGraph(),
  },
  exportPng: {
    title: "Export as PNG",
    group: "Graph",
    keywords: "download picture figure",
    when: guards.needsNodes,
    run: () => exportImage("png"),
  },
  exportSvg: {
    title: "Export as SVG",
    group: "Graph",
    keywords: "download picture figure vector",
    when: guards.needsNodes,
    run: () => exportImage("svg"),
  },
});

const HELP = commands({
  commands: {
    title: "All commands",
    group: "Help",
    keys: "mod+k",
    whileTyping: true,
    run: () => openDialog("commands"),
  },
  help: {
    title: "Keyboard shortcuts",
    group: "Help",
    keywords: "keys",
    keys: "shift+?",
    run: () => openDialog("help"),
  },
  signOut: {
    title: "Sign out",
    group: "Help",
    keywords: "log out session token end leave",
    when: guards.needsSession,
    run: signOut,
  },
});

export const COMMANDS = { ...RUN, ...EDIT, ...VIEW, ...GRAPH, ...HELP };

export type CommandId = keyof typeof COMMANDS;

export function command(id: CommandId): Command {
  return COMMANDS[id];
}

/** Run a command triggered by a key if it is possible now; otherwise show why not. */
export function perform({ when, onCanvas, run }: Command, keys?: string): void {
  const reason = when?.() ?? null;
  if (reason === null) run(keys);
  else if (!onCanvas) toast.info(reason, { id: reason });
}
