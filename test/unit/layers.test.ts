/**
 * The layer table is law, and the linter keeps it: here one deliberate violation and one allowed import a row, given to
 * the linter itself, so that the lint cannot go blind. What Biome cannot say (a property's name) is searched for.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const BIOME = join(ROOT, "node_modules/@biomejs/biome/bin/biome");

interface Found {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
}

/** What our linter says of files laid out in a folder of their own, under our rules. */
function lint(files: Readonly<Record<string, string>>): readonly Found[] {
  const folder = mkdtempSync(join(tmpdir(), "flexlens-layers-"));
  try {
    copyFileSync(join(ROOT, "biome.json"), join(folder, "biome.json"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const words = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."];
    const { stdout, stderr } = spawnSync(process.execPath, [BIOME, ...words], { cwd: folder, encoding: "utf8" });
    const report: { diagnostics: { category: string; location: { path: string; start: { line: number } } }[] } = JSON.parse(
      stdout || stderr,
    );
    return report.diagnostics.map(({ category, location }) => ({
      rule: category.split("/").at(-1) ?? "",
      path: location.path,
      line: location.start.line,
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that imports each of the names, one a line. */
const importing = (names: readonly string[]): string => names.map((name, i) => `export { a as a${i} } from "${name}";\n`).join("");

/** One folder a row: what it may import, and what it may not. */
const ROWS: readonly (readonly [file: string, allowed: readonly string[], refused: readonly string[]])[] = [
  ["kernels/ir/x.ts", ["./expr.ts"], ["../analysis/interval.ts", "../frontend/module.ts", "vscode", "node:fs", "preact", "some-package"]],
  ["kernels/analysis/x.ts", ["../ir/expr.ts"], ["../frontend/module.ts", "../emit/js.ts", "../mask/blockMask.ts", "vscode", "node:fs"]],
  ["kernels/data/x.ts", ["../ir/mod.ts", "fflate"], ["../frontend/module.ts", "../analysis/interval.ts", "node:fs", "node:zlib"]],
  [
    "kernels/frontend/x.ts",
    ["../ir/expr.ts", "../analysis/interval.ts", "../data/read.ts"],
    ["../emit/js.ts", "../mask/build.ts", "vscode", "node:fs"],
  ],
  ["kernels/emit/x.ts", ["../ir/expr.ts", "../analysis/interval.ts"], ["../frontend/module.ts", "../mask/build.ts", "../flash/plan.ts"]],
  ["kernels/mask/x.ts", ["../ir/expr.ts", "../emit/js.ts"], ["../flash/problem.ts", "../frontend/lower.ts", "../../webview/mask/draw.ts"]],
  ["kernels/flash/x.ts", ["../mask/blockMask.ts", "./forward/row.ts"], ["../runtime/device.ts", "../frontend/module.ts", "node:fs"]],
  [
    "kernels/flash/forward/x.ts",
    ["../plan.ts", "../../ir/expr.ts", "../../emit/wgsl.ts"],
    ["../../runtime/device.ts", "../../frontend/lower.ts"],
  ],
  [
    "kernels/lint/x.ts",
    ["../ir/mod.ts", "../analysis/interval.ts", "../frontend/module.ts", "../emit/js.ts", "../mask/firstCell.ts", "../flash/problem.ts"],
    ["../flash/plan.ts", "../runtime/device.ts", "../cli/check.ts", "../../extension/panel.ts", "vscode", "node:fs"],
  ],
  [
    "kernels/runtime/x.ts",
    ["../flash/plan.ts", "../mask/build.ts", "../ir/mod.ts"],
    ["../frontend/module.ts", "../emit/wgsl.ts", "webgpu", "node:fs"],
  ],
  ["kernels/gallery/x.ts", ["./causal.py"], ["../ir/expr.ts", "../frontend/lower.ts", "vscode"]],
  [
    "kernels/cli/x.ts",
    ["node:fs", "webgpu", "../runtime/device.ts", "../lint/lint.ts"],
    ["vscode", "../../webview/state.ts", "../../extension/panel.ts"],
  ],
  ["kernels/new/x.ts", ["./y.ts"], ["../ir/expr.ts", "../cli/main.ts"]],
  [
    "webview/x.tsx",
    ["../kernels/runtime/benchmark.ts", "preact/hooks", "./mask/draw.ts"],
    ["../kernels/cli/main.ts", "../extension/panel.ts", "vscode", "react"],
  ],
  [
    "webview/mask/x.tsx",
    ["../../kernels/mask/build.ts", "../state.ts"],
    ["../../kernels/cli/main.ts", "../../extension/panel.ts", "@vscode/webview-ui-toolkit"],
  ],
  ["webview/controls.ts", ["@vscode/webview-ui-toolkit"], ["@vscode/webview-ui-toolkit/react", "vscode", "react"]],
  [
    "extension/x.ts",
    [
      "vscode",
      "../kernels/flash/select.ts",
      "../kernels/lint/lint.ts",
      "../kernels/gallery/gallery.ts",
      "../kernels/runtime/result.ts",
      "../kernels/runtime/resultText.ts",
      "../kernels/runtime/sweep.ts",
      "../webview/protocol.ts",
    ],
    ["../kernels/runtime/benchmark.ts", "../kernels/cli/main.ts", "../webview/state.ts", "../webview/host.ts", "node:fs", "preact"],
  ],
  ["test/unit/x.test.ts", ["node:fs", "vitest", "../../kernels/ir/expr.ts"], ["vscode", "@vscode/webview-ui-toolkit"]],
  ["test/e2e/suite/x.ts", ["vscode"], ["@vscode/webview-ui-toolkit"]],
];

describe("the layer table", () => {
  test("refuses every import in the right column, and nothing in the left", () => {
    const files: Record<string, string> = {};
    for (const [file, allowed, refused] of ROWS) files[file] = importing([...allowed, ...refused]);
    const found = lint(files).filter(({ rule }) => rule === "noRestrictedImports");
    for (const [file, allowed, refused] of ROWS) {
      const lines = found.filter(({ path }) => path === file).map(({ line }) => line);
      const expected = refused.map((_, i) => allowed.length + i + 1);
      expect({ file, lines: [...new Set(lines)].sort((a, b) => a - b) }).toEqual({ file, lines: expected });
    }
  });

  test("has a row for each folder of kernels", () => {
    const folders = readdirSync(join(ROOT, "kernels"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !ROWS.some(([file]) => file.startsWith(`kernels/${name}/`)))).toEqual([]);
  });

  test("refuses type imports across layers as well, cycles, and barrels", () => {
    const found = lint({
      "kernels/ir/x.ts": `import type { Plan } from "../flash/plan.ts";\nexport type X = Plan;\n`,
      "kernels/ir/y.ts": `import { z } from "./z.ts";\nexport const y = (): number => z();\n`,
      "kernels/ir/z.ts": `import { y } from "./y.ts";\nexport const z = (): number => y();\n`,
      "kernels/ir/w.ts": `export * from "./y.ts";\n`,
    });
    const rules = (path: string): string[] => found.filter((each) => each.path === path).map(({ rule }) => rule);
    expect(rules("kernels/ir/x.ts")).toContain("noRestrictedImports");
    expect(rules("kernels/ir/y.ts")).toContain("noImportCycles");
    expect(rules("kernels/ir/w.ts")).toContain("noBarrelFile");
  });

  test("lets only webview/host.ts name `acquireVsCodeApi`", () => {
    const text = "export const api: unknown = acquireVsCodeApi();\n";
    const found = lint({ "webview/x.ts": text, "extension/x.ts": text, "kernels/ir/x.ts": text, "webview/host.ts": text });
    const caught = found.filter(({ rule }) => rule === "noRestrictedGlobals").map(({ path }) => path);
    expect(caught.sort()).toEqual(["extension/x.ts", "kernels/ir/x.ts", "webview/x.ts"]);
  });

  test("lets no kernel but the command line name the DOM or Node", () => {
    const names = ["document", "window", "navigator", "process", "Buffer", "require"];
    const text = names.map((name, i) => `export const a${i}: unknown = ${name};\n`).join("");
    const found = lint({ "kernels/flash/x.ts": text, "kernels/cli/x.ts": text }).filter(({ rule }) => rule === "noRestrictedGlobals");
    expect(found.map(({ path, line }) => `${path}:${line}`)).toEqual(names.map((_, i) => `kernels/flash/x.ts:${i + 1}`));
  });
});

/** Text files of ours under a folder, relative to the root. */
function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mts|mjs)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !path.startsWith("test/e2e/driver/"));
}

const OURS = ["kernels", "webview", "extension"].flatMap(sources);
const withoutComments = (path: string): string => readFileSync(join(ROOT, path), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

describe("what the linter cannot say", () => {
  test("finds the sources", () => {
    expect(OURS.length).toBeGreaterThan(30);
  });

  test("only webview/engine.ts names `navigator.gpu`", () => {
    const named = OURS.filter((path) =>
      /\bnavigator\s*(\?\.|\.|\[)\s*["'`]?gpu\b|\{[^}]*\bgpu\b[^}]*\}\s*=\s*navigator\b/.test(withoutComments(path)),
    );
    expect(named.filter((path) => path !== "webview/engine.ts")).toEqual([]);
  });

  test("kernels/runtime/result.ts holds types alone, for the host imports it", () => {
    expect(readFileSync(join(ROOT, "kernels/runtime/result.ts"), "utf8")).not.toMatch(/^export (async )?(function|const|let|class)\b/m);
  });

  test.each(["resultText.ts", "sweep.ts"])("kernels/runtime/%s takes nothing of a GPU into the host", (file) => {
    const text = readFileSync(join(ROOT, "kernels/runtime", file), "utf8");
    const own = [...text.matchAll(/from "\.\/(.*?)"/g)].map(([, name]) => name);
    expect(own.filter((name) => name !== "result.ts" && name !== "sweep.ts")).toEqual([]);
  });

  test("no file passes 500 lines, and none is a barrel or a drawer for odds and ends", () => {
    const long = OURS.filter((path) => readFileSync(join(ROOT, path), "utf8").split("\n").length > 501);
    expect(long).toEqual([]);
    expect(OURS.filter((path) => /\/(index|utils?|helpers?|common|manager|types)\.tsx?$/.test(path))).toEqual([]);
  });

  test("React is not in the tree", () => {
    const installed = readdirSync(join(ROOT, "node_modules"));
    expect(installed).toContain("preact");
    expect(installed.filter((name) => /^react(-dom)?$/.test(name))).toEqual([]);
  });
});
