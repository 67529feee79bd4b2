import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "e2e",
  // Each worker has a server and a data folder (e2e/support/page.ts), so that any test can run beside any other.
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  // make screenshots: these only make the README's images. SLOW=1: those that take minutes are run too.
  grepInvert: process.env.SCREENSHOTS
    ? /^(?!.*@screenshots)/
    : process.env.SLOW
      ? /@screenshots/
      : /@screenshots|@slow/,
  // A test that fails once in a while is a bug to be repaired.
  retries: 0,
  // They end what hangs: a machine that does other work as well may take ten times as long as a quiet one.
  timeout: 600_000,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    actionTimeout: 60_000,
    // A trace costs a third more time of the processor: --trace on has one made of a test that fails.
    trace: "off",
    screenshot: "only-on-failure",
    // What moves into view is there at once: no test measures what is still on its way.
    contextOptions: { reducedMotion: "reduce" },
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: process.env.PLAYWRIGHT_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
