import { defineConfig } from "vitest/config";
import base from "../vitest.config.js";

// As the package's own tests, but for what is run and how long it may take.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/servers/real.test.ts"],
    exclude: [],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
