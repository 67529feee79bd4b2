import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vite.config";

/** The pure modules need no page; stores and components get one from jsdom. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      restoreMocks: true,
      projects: [
        {
          extends: true,
          test: { name: "lib", environment: "node", include: ["tests/lib/**/*.test.ts"] },
        },
        {
          extends: true,
          test: {
            name: "page",
            environment: "jsdom",
            setupFiles: ["./tests/setup.ts"],
            include: ["tests/{store,components,tmp}/**/*.test.{ts,tsx}"],
          },
        },
      ],
    },
  }),
);
