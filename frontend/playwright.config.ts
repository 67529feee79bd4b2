import path from "node:path";
import { defineConfig } from "@playwright/test";

/** The page as it is served to users, on these ports and a data folder of its own, gone at each start. */
export const served = (web: number, api: number, folder: string) =>
  ({
    command: `rm -rf ${folder} && .venv/bin/python scripts/serve.py run`,
    cwd: path.resolve(import.meta.dirname, ".."),
    url: `http://127.0.0.1:${api}/api/health`,
    timeout: 120_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 20_000 },
    env: { VISDL_DATA_DIR: folder, VISDL_PORT: String(api), VISDL_WEB_PORT: String(web) },
  }) as const;

/** Other ports, where somebody else's tests run on the same machine. */
const WEB_PORT = Number(process.env.E2E_WEB_PORT ?? 15173);
const API_PORT = Number(process.env.E2E_API_PORT ?? 18000);

export default defineConfig({
  testDir: "e2e",
  // One server, one trainer: runs of two tests at once would only slow each other.
  workers: 1,
  forbidOnly: true,
  // make screenshots: these only make the README's images. SLOW=1: those that take minutes are run too.
  grepInvert: process.env.SCREENSHOTS
    ? /^(?!.*@screenshots)/
    : process.env.SLOW
      ? /@screenshots/
      : /@screenshots|@slow/,
  // A test that needs its second try is listed as flaky, which is a bug to mend, but no reason to refuse all others.
  retries: 1,
  // They end what hangs: a machine that does other work as well may take four times as long as a quiet one.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://localhost:${WEB_PORT}`,
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
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
  webServer: served(WEB_PORT, API_PORT, `frontend/.e2e-data/${API_PORT}`),
});
