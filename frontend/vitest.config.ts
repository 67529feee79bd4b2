import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vite.config.ts";

/** The pure modules need no page; stores and components get one from jsdom. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      pool: "threads",
      maxWorkers: "100%",
      // Generous, for a machine that has much else to do; nothing waits longer than it must.
      testTimeout: 20_000,
      expect: { poll: { timeout: 10_000, interval: 20 } },
      restoreMocks: true,
      unstubGlobals: true,
      projects: [
        {
          extends: true,
          // Pure modules keep no state, so that their tests can share a worker.
          test: {
            name: "model",
            environment: "node",
            include: ["tests/shared/lib/**/*.test.ts", "tests/features/*/model/**/*.test.ts"],
            isolate: false,
          },
        },
        {
          extends: true,
          test: {
            name: "page",
            environment: "jsdom",
            // Files share a worker and the modules loaded in it: a third of the time. Tests reset the stores that
            // they use (helpers/stores.ts), and pass in any order: --sequence.shuffle.files.
            isolate: false,
            setupFiles: ["./tests/setup.ts"],
            include: [
              "tests/app/**/*.test.{ts,tsx}",
              "tests/shared/{api,store,ui}/**/*.test.{ts,tsx}",
              "tests/features/*/{store,ui}/**/*.test.{ts,tsx}",
            ],
          },
        },
      ],
    },
  }),
);
