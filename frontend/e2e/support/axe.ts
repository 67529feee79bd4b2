/** What the accessibility sweep asks axe. No other test does: an analysis takes a second or more. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

export const RIGHT = '[data-testid="right"]';
export const DRAWER = '[data-testid="drawer"]';
export const DIALOG = "[role=dialog]";
export const MENU = "[role=menu]";
export const CANVAS = ".react-flow";

/** Rules that depend on the theme; for all others, one theme suffices. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** All rules in the light theme, those of colours in the dark one too, for the page or for a part of it. */
export async function expectAccessible(page: Page, screen: string, part?: string): Promise<void> {
  await showTheme(page, "light");
  const light = await violations(page, {}, part);
  await showTheme(page, "dark");
  const dark = await violations(page, { runOnly: COLOUR_RULES }, part);
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

async function violations(page: Page, options: object, part?: string): Promise<string[]> {
  // Without frames of other origins there is nothing to gather on a page of its own; and to describe what is in
  // order takes twice as long as to look at it.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ ...options, resultTypes: ["violations"] });
  const found = await (part ? axe.include(part) : axe).analyze();
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
}
