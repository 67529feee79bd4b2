/** A server with a token: signing in by keyboard, wrong tokens, a session that ends, and signing out. */
import { DIALOG, expectAccessible } from "../support/axe";
import { test as base, button, expect } from "../support/page";
import { end, Place } from "../support/server";

const TOKEN = "correct-horse-battery";

/** A server of this test alone, because its wrong tokens are counted. */
const test = base.extend<{ own: Place }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what a fixture needs
  own: async ({}, use, { parallelIndex }) => {
    const own = new Place(parallelIndex, 1);
    const server = await own.serve({ VISDL_TOKEN: TOKEN });
    await use(own);
    await end(server);
  },
  baseURL: ({ own }, use) => use(own.url),
});

test("the page asks for the token, keeps a session, continues after its end, and signs out", async ({
  page,
  context,
}) => {
  const dialog = page.getByRole("dialog", { name: "Sign in" });
  const token = page.getByLabel("Token");
  const status = page.getByRole("contentinfo");
  const signIn = async (text: string): Promise<void> => {
    await expect(token).toBeFocused();
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  };

  await page.goto("/");
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await signIn("not-the-token");
  await expect(dialog.getByText("This is not the token of this server.")).toBeVisible();
  await expectAccessible(page, "a wrong token", DIALOG);

  // Somebody else tries many tokens, from the same address as the user.
  const guesses = [];
  for (let number = 0; number < 12; number++) {
    const answer = await page.request.post("/api/session", { data: { token: `guess-${number}` } });
    guesses.push(answer.status());
  }
  expect(guesses.at(-1)).toBe(429);
  await signIn("not-the-token");
  await expect(dialog.getByText("Too many wrong tokens came from this address.")).toBeVisible();
  await signIn(TOKEN);
  await expect(dialog).toBeHidden();
  await expect(page.locator(".react-flow__node").first()).toBeVisible();
  await expect(status.getByText("Connected", { exact: true })).toBeVisible();
  const [cookie, ...others] = await context.cookies();
  expect(others).toEqual([]);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
  expect(cookie?.value).not.toContain(TOKEN);

  // The session ends while the page is in use: nothing is lost, and it continues where it was.
  await page.request.delete("/api/session");
  await expect(dialog.getByText("Your session has ended.")).toBeVisible();
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));
  await signIn(TOKEN);
  await expect(dialog).toBeHidden();
  await expect(status.getByText("Connected", { exact: true })).toBeVisible();
  expect(await page.evaluate(() => "notReloaded" in window)).toBe(true);

  const name = page.getByLabel("Name of the graph");
  await name.fill("Edited in a session");
  await page.keyboard.press("Enter");
  await expect(status.getByText("Draft kept on the server")).toBeVisible();

  await button(page, "Sign out").click();
  await expect(dialog).toBeVisible();
  await expect(name).not.toHaveValue("Edited in a session");
  expect(await context.cookies()).toEqual([]);
  await signIn(TOKEN);
  await expect(name).toHaveValue("Edited in a session");
});
