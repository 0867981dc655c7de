import { defineConfig } from "vitest/config";

// Suites are folders; `npm run test:unit` and the like choose by path.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  test: { include: ["test/**/*.test.ts"], exclude: ["test/e2e/**", "node_modules/**"], testTimeout: 30_000 },
});
