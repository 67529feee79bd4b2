/** What the accessibility sweep asks axe, once for each screen: an analysis takes a second or more. */
import { expect, type Page } from "@playwright/test";
import axe, { type RunOptions } from "axe-core";

export const LEFT = '[data-testid="left"]';
export const RIGHT = '[data-testid="right"]';
export const DRAWER = '[data-testid="drawer"]';
export const BANNER = '[aria-label="What is missing"]';
export const DIALOG = "[role=dialog]";
export const MENU = "[role=menu]";
export const CANVAS = ".react-flow";

/** Rules that depend on the theme; for all others, one theme suffices. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/**
 * All rules in the light theme, those of colours in the dark one too: for the parts of the page that this screen
 * brings, or for all of it.
 */
export async function expectAccessible(page: Page, screen: string, ...parts: string[]): Promise<void> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  await showTheme(page, "light");
  const light = await violations(page, {}, parts);
  await showTheme(page, "dark");
  const dark = await violations(page, { runOnly: COLOUR_RULES }, parts);
  expect({ light, dark }, screen).toEqual({ light: [], dark: [] });
}

/** Has the system prefer a theme, and waits until the page has it: colours change a frame later. */
async function showTheme(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction((dark) => {
    const changing = document.getAnimations().some((animation) => animation instanceof CSSTransition);
    return document.documentElement.classList.contains("dark") === dark && !changing;
  }, colorScheme === "dark");
}

/** What axe finds wrong. To describe what is in order too would take twice as long. */
function violations(page: Page, options: RunOptions, parts: string[]): Promise<string[]> {
  return page.evaluate(
    async ([options, parts]) => {
      const context = parts.length > 0 ? { include: parts } : document;
      const result = await window.axe.run(context, { ...options, resultTypes: ["violations"] });
      return result.violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
      );
    },
    [options, parts] as const,
  );
}

declare global {
  interface Window {
    axe: typeof axe;
  }
}
