import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url));

// The package's own names resolve to its sources, so that a test reads like a user's program.
export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^tucuxi$/, replacement: source("index.ts") },
      { find: /^tucuxi\/(sigv4|config|credentials|endpoint|testing)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/servers/real.test.ts", "test/bench/**", "node_modules/**", "dist/**"],
    globalSetup: fileURLToPath(new URL("support/environment.mjs", import.meta.url)),
    pool: "forks",
    // For what hangs, not for what is slow: a busy machine takes ten times as long as an idle one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    typecheck: { enabled: false },
  },
});
