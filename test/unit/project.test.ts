/** What a clean clone stands on: package.json, its lock file, and the words that README and the scripts share. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withTable } from "../run/supported.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe("the project", () => {
  test("locks every optional package, for other platforms too: else `npm ci` refuses", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, Locked>> };
    const missing: string[] = [];
    for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
      for (const name of Object.keys(optionalDependencies)) {
        const folders = path.split(/\/?node_modules\//).map((_, i, parts) => parts.slice(0, i + 1).join("/node_modules/"));
        const found = ["", ...folders].some(
          (folder) => `${folder}${folder === "" ? "" : "/"}node_modules/${name}`.replace(/^\//, "") in packages,
        );
        if (!found) missing.push(`${name} of ${path}`);
      }
    }
    expect(missing).toEqual([]);
    expect(Object.keys(packages).filter((path) => path.endsWith("node_modules/@biomejs/cli-darwin-arm64"))).toHaveLength(1);
  });

  test("is not an ES module package: VS Code's web worker host could not load it", () => {
    const manifest = JSON.parse(read("package.json")) as Readonly<Record<string, unknown>>;
    expect(manifest).not.toHaveProperty("type");
    expect(manifest).toMatchObject({ main: "./dist/activation.js", browser: "./dist/activation.js" });
  });

  test("names only scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
    const files = Object.values(scripts).flatMap((line) => line.split(/\s+/).filter((word) => /\.(mjs|ts|tsx)$/.test(word)));
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const named = [...read("README.md").matchAll(/npm run ([\w:-]+)/g), ...read("ARCHITECTURE.md").matchAll(/npm run ([\w:-]+)/g)].map(
      (found) => found[1] ?? "",
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("has the pictures and files that README links to", () => {
    const links = [...read("README.md").matchAll(/\]\(([^)#:]+)\)/g)].map((found) => found[1] ?? "");
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("lists in README what the evaluator supports: `npm run docs` renews it", () => {
    const readme = read("README.md");
    expect(readme).toContain("| `torch` |");
    expect(withTable(readme)).toBe(readme);
  });

  test("keeps ARCHITECTURE.md short", () => {
    expect(read("ARCHITECTURE.md").split(/\s+/).length).toBeLessThan(1600);
  });
});
