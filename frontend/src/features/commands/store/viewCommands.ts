/** Commands that show something. */

import { openFind } from "@/features/canvas/store/find";
import { goAlongWire } from "@/features/canvas/store/wireNavigation";
import { fitSelection, fitView } from "@/features/graph/store/viewState";
import {
  type DrawerTab,
  isDark,
  openDialog,
  openDrawer,
  openLeft,
  SCALES,
  scaleBy,
  setTheme,
  toggleSide,
  useUi,
} from "@/shared/store/ui";
import * as guards from "./commandGuards";
import { type Command, commands } from "./commandType";

const drawer = (tab: DrawerTab, title: string, keys: string): Command => ({
  title: `Show ${title}`,
  group: "View",
  keywords: "drawer tab panel",
  keys,
  whileTyping: true,
  run: () => openDrawer(tab),
});

export const VIEW = commands({
  fit: {
    title: "Fit selection in view",
    group: "View",
    keywords: "zoom centre frame",
    keys: "f",
    when: guards.needsNodes,
    run: fitSelection,
  },
  fitAll: {
    title: "Fit graph in view",
    group: "View",
    keywords: "zoom all whole",
    keys: "shift+1, shift+!",
    when: guards.needsNodes,
    run: fitView,
  },
  forward: {
    title: "Follow wire",
    group: "View",
    keywords: "next walk downstream",
    keys: "j",
    when: guards.needsNodes,
    run: () => goAlongWire("forward"),
  },
  back: {
    title: "Follow wire back",
    group: "View",
    keywords: "previous walk upstream",
    keys: "k",
    when: guards.needsNodes,
    run: () => goAlongWire("back"),
  },
  find: {
    title: "Find in graph",
    group: "View",
    keywords: "search node parameter",
    keys: "mod+f",
    whileTyping: true,
    when: guards.needsNodes,
    run: openFind,
  },
  outline: {
    title: "Show the outline",
    group: "View",
    keywords: "tree list structure nodes wires accessible",
    keys: "mod+shift+o",
    whileTyping: true,
    run: () => openLeft("outline"),
  },
  leftPanel: {
    title: "Fold left panel",
    group: "View",
    keywords: "hide show library sidebar",
    keys: "[",
    run: () => toggleSide("left"),
  },
  rightPanel: {
    title: "Fold right panel",
    group: "View",
    keywords: "hide show properties sidebar inspector",
    keys: "]",
    run: () => toggleSide("right"),
  },
  training: drawer("training", "Training", "mod+1"),
  runs: drawer("runs", "Runs", "mod+2"),
  studies: drawer("studies", "Studies", "mod+3"),
  problems: drawer("problems", "Problems", "mod+4"),
  logs: drawer("logs", "Logs", "mod+5"),
  storage: {
    title: "Storage and clean-up…",
    group: "View",
    keywords: "disk space room delete checkpoints",
    run: () => openDialog("storage"),
  },
  theme: {
    title: "Toggle theme",
    group: "View",
    keywords: "theme mode colours",
    run: () => setTheme(isDark(useUi.getState().theme) ? "light" : "dark"),
  },
  larger: {
    title: "Larger text",
    group: "View",
    keywords: "scale zoom projector size accessibility",
    when: () => (useUi.getState().scale < SCALES.length - 1 ? null : "This is the largest size."),
    run: () => scaleBy(1),
  },
  smaller: {
    title: "Smaller text",
    group: "View",
    keywords: "scale zoom size",
    when: () => (useUi.getState().scale > 0 ? null : "This is the default size."),
    run: () => scaleBy(-1),
  },
});
