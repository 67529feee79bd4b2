import { defineConfig } from "@playwright/test";

const WEB_PORT = 15173;
const API_PORT = 18000;

/** The browser tests use the page as it is served to users, on a server and a data folder of their own. */
export default defineConfig({
  testDir: "e2e",
  // One server, one trainer: runs of two tests at once would only slow each other.
  workers: 1,
  forbidOnly: true,
  // make screenshots: these only make the README's images
  grepInvert: process.env.SCREENSHOTS ? /^(?!.*@screenshots)/ : /@screenshots/,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://localhost:${WEB_PORT}`,
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
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
  webServer: {
    command: "rm -rf frontend/.e2e-data && .venv/bin/python scripts/serve.py run",
    cwd: "..",
    url: `http://127.0.0.1:${API_PORT}/api/health`,
    timeout: 120_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 20_000 },
    env: {
      VISDL_DATA_DIR: "frontend/.e2e-data",
      VISDL_PORT: String(API_PORT),
      VISDL_WEB_PORT: String(WEB_PORT),
    },
  },
});
