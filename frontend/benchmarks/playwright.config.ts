import { defineConfig } from "@playwright/test";
import base, { served } from "../playwright.config";

const WEB_PORT = 15273;

/** `make bench NAME=canvas`: the page as it is served to users, in the browser of the tests. */
export default defineConfig({
  ...base,
  testDir: ".",
  testMatch: "*.bench.ts",
  grepInvert: [],
  timeout: 300_000,
  reporter: "./printed.ts",
  use: { ...base.use, baseURL: `http://localhost:${WEB_PORT}`, trace: "off", screenshot: "off" },
  webServer: served(WEB_PORT, 18100, "frontend/.bench-data"),
});
