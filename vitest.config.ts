import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", ".muster/**"],
    pool: "forks",
    maxWorkers: 2,
    // A guard against hanging, not a measure: shared machines are slow at times.
    testTimeout: 240_000,
    hookTimeout: 180_000,
  },
});
