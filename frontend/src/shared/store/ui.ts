/** What the page shows and where: kept per browser, apart from the document. */
import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";
import { tolerantStorage } from "./tolerantStorage";

export type Theme = "system" | "light" | "dark";
export type LeftTab = "nodes" | "outline" | "graphs" | "datasets";
export type DrawerTab = "training" | "runs" | "studies" | "problems" | "logs";
export type GraphOrder = "changed" | "name";
type VersionDialog = "versions" | "saveVersion";
export type DialogName =
  | "commands"
  | "connect"
  | "help"
  | "conflict"
  | "makeBlock"
  | "starters"
  | "study"
  | "storage"
  | VersionDialog;

/** Scales of text and controls; the canvas has its own zoom. */
export const SCALES = [1, 1.25, 1.5, 1.75] as const;

interface UiState {
  theme: Theme;
  /** Which of the `SCALES` it is. */
  scale: number;
  leftOpen: boolean;
  rightOpen: boolean;
  leftTab: LeftTab;
  drawerOpen: boolean;
  drawerTab: DrawerTab;
  /** Sizes in pixels, as they were last dragged. */
  leftWidth: number;
  rightWidth: number;
  drawerHeight: number;
  /** Categories of the palette that the user opened or collapsed. */
  categories: Record<string, boolean>;
  /** Runs shown together in the training panel, in the order of selection. */
  selectedRunIds: string[];
  /** How the stored graphs are sorted. */
  graphOrder: GraphOrder;
  /** Whether dragged cards snap to others that they are aligned with. */
  snapGuides: boolean;
  dialog: DialogName | null;
}

/** Below this width the canvas needs the room of the left panel. */
const NARROW = 1200;

const initial: UiState = {
  theme: "system",
  scale: 0,
  leftOpen: (globalThis.innerWidth ?? NARROW) >= NARROW,
  rightOpen: true,
  leftTab: "nodes",
  drawerOpen: false,
  drawerTab: "training",
  leftWidth: 264,
  rightWidth: 320,
  drawerHeight: 340,
  categories: {},
  selectedRunIds: [],
  graphOrder: "changed",
  snapGuides: true,
  dialog: null,
};

export const useUi = create<UiState>()(
  persist(() => initial, {
    name: "visdl.ui",
    storage: createJSONStorage(() => tolerantStorage),
    version: 1,
    partialize: ({ selectedRunIds: _runs, dialog: _dialog, ...kept }) => kept,
  }),
);

const systemDark = (): boolean => globalThis.matchMedia("(prefers-color-scheme: dark)").matches;

/** Whether the page is dark now. */
export function isDark(theme: Theme): boolean {
  return theme === "dark" || (theme === "system" && systemDark());
}

/** Puts the theme's class on the page; called where the theme changes, never in a render. */
function applyTheme(theme: Theme): void {
  document.documentElement.classList.toggle("dark", isDark(theme));
}

export function setTheme(theme: Theme): void {
  applyTheme(theme);
  useUi.setState({ theme });
}

/** The current scale of text and controls. */
export const factorOf = ({ scale }: Pick<UiState, "scale">): number => SCALES[scale] ?? 1;

/** Puts the scale on the page: the style sheet multiplies by it. */
export function applyScale(): void {
  document.documentElement.style.setProperty("--ui-scale", String(factorOf(useUi.getState())));
}

/** Enlarges text and controls by a number of steps, or shrinks them. */
export function scaleBy(steps: number): void {
  useUi.setState(({ scale }) => ({ scale: Math.max(0, Math.min(SCALES.length - 1, scale + steps)) }));
  applyScale();
}

/** Follows the system until a theme is chosen; returns how to stop. */
export function followSystemTheme(): () => void {
  const query = globalThis.matchMedia("(prefers-color-scheme: dark)");
  const update = (): void => {
    applyTheme(useUi.getState().theme);
    // The same value as a new object: components that read colours render again.
    useUi.setState((state) => ({ theme: state.theme }));
  };
  query.addEventListener("change", update);
  return () => query.removeEventListener("change", update);
}

export function openDrawer(tab: DrawerTab): void {
  useUi.setState({ drawerTab: tab, drawerOpen: true });
}

export function toggleDrawer(open = !useUi.getState().drawerOpen): void {
  useUi.setState({ drawerOpen: open });
}

export function rememberSize(
  size: Partial<Pick<UiState, "leftWidth" | "rightWidth" | "drawerHeight">>,
): void {
  useUi.setState(size);
}

/** Remembers which categories of the palette are open. */
export function rememberCategories(open: Record<string, boolean>): void {
  useUi.setState((state) => ({ categories: { ...state.categories, ...open } }));
}

export function openLeft(tab: LeftTab): void {
  useUi.setState({ leftTab: tab, leftOpen: true });
}

export function toggleSide(side: "left" | "right"): void {
  useUi.setState((state) =>
    side === "left" ? { leftOpen: !state.leftOpen } : { rightOpen: !state.rightOpen },
  );
}

export function sortGraphs(graphOrder: GraphOrder): void {
  useUi.setState({ graphOrder });
}

export function selectRuns(ids: string[]): void {
  useUi.setState({ selectedRunIds: ids });
}

export function openDialog(dialog: DialogName | null): void {
  useUi.setState({ dialog });
}

export function toggleSnapGuides(): void {
  useUi.setState(({ snapGuides }) => ({ snapGuides: !snapGuides }));
}
