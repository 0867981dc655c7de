import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** Gallery files are text here as in the bundles (`loader` in esbuild.mjs). */
const pythonAsText = {
  name: "python-as-text",
  enforce: "pre",
  load(id: string) {
    return id.endsWith(".py") ? `export default ${JSON.stringify(readFileSync(id, "utf8"))};` : undefined;
  },
} as const;

// Suites are folders; test/run/all.mjs chooses by path, and counts.
export default defineConfig({
  plugins: [pythonAsText],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    exclude: ["test/e2e/**", "node_modules/**"],
    setupFiles: ["test/support/sameBytes.ts"],
    testTimeout: 30_000,
    // A page on a busy machine answers late; Vitest's own second is a test of the machine.
    expect: { poll: { timeout: 15_000 } },
    allowOnly: false,
    maxWorkers: 2,
    // What the autotuner kept on this machine is no part of a test.
    env: { FLEXLENS_CACHE: "" },
  },
});
