import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./scripts/count-reporter.mjs"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
