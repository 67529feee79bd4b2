import { beforeEach, expect, test, vi } from "vitest";
import * as ui from "@/shared/store/ui";
import { freshPage } from "../../helpers/stores";

const kept = (): Record<string, unknown> => JSON.parse(localStorage.getItem("visdl.ui") ?? "{}").state;

/** A system that is dark or light, and can change. */
function systemTheme(dark: boolean): (dark: boolean) => void {
  const query = Object.assign(new EventTarget(), { matches: dark });
  vi.spyOn(globalThis, "matchMedia").mockReturnValue(query as unknown as MediaQueryList);
  return (next) => {
    query.matches = next;
    query.dispatchEvent(new Event("change"));
  };
}

const isDark = (): boolean => document.documentElement.classList.contains("dark");

beforeEach(() => freshPage());

test("sizes, tabs and theme are kept in this browser; dialogs and chosen runs are not", () => {
  ui.rememberSize({ leftWidth: 300 });
  ui.openDrawer("runs");
  ui.openDialog("help");
  ui.selectRuns(["a"]);
  expect(kept()).toMatchObject({ leftWidth: 300, drawerOpen: true, drawerTab: "runs" });
  expect(kept()).not.toHaveProperty("dialog");
  expect(kept()).not.toHaveProperty("selectedRunIds");
});

test("the drawer opens at a tab and folds", () => {
  ui.openDrawer("logs");
  ui.toggleDrawer();
  expect(ui.useUi.getState()).toMatchObject({ drawerOpen: false, drawerTab: "logs" });
});

test("a theme that is chosen holds against the system's", () => {
  systemTheme(true);
  ui.setTheme("light");
  expect([ui.isDark("light"), isDark()]).toEqual([false, false]);
  ui.setTheme("dark");
  expect(isDark()).toBe(true);
});

test("until one is chosen the page follows the system", () => {
  const change = systemTheme(false);
  ui.setTheme("system");
  const stop = ui.followSystemTheme();
  change(true);
  expect(isDark()).toBe(true);
  stop();
  change(false);
  expect(isDark()).toBe(true);
});
