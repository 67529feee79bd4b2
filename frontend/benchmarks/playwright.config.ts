import { defineConfig } from "@playwright/test";
import base from "../playwright.config";

/** `make bench NAME=canvas`: the page as it is served to users, in the browser of the tests. */
export default defineConfig({
  ...base,
  testDir: ".",
  testMatch: "*.bench.ts",
  grepInvert: [],
  workers: 1,
  fullyParallel: false,
  timeout: 300_000,
  reporter: "./printed.ts",
  use: { ...base.use, screenshot: "off" },
});
