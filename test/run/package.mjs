// `npm run package`: builds the bundles without source maps and packs dist/flexlens.vsix, which is what people install, what
// `npm start` serves and what the end-to-end test uses. Fails where the package lacks a file or holds one too many.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./dawn.mjs";

export const VSIX = join(ROOT, "dist/flexlens.vsix");
const VSCE = join(ROOT, "node_modules/@vscode/vsce/vsce");
const NEEDED = [
  "package.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "dist/node/extension.js",
  "dist/web/extension.js",
  "dist/webview/main.js",
  "dist/webview/main.css",
];

function must(script, words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...words], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0)
    throw new Error(`\`${[script, ...words].join(" ").replaceAll(`${ROOT}/`, "")}\` ended with ${status}:\n${stdout}${stderr}`);
}

/** Builds and packs; returns the package's path. Throws with the words of what failed. */
export function packageExtension() {
  rmSync(VSIX, { force: true });
  must(join(ROOT, "esbuild.mjs"), ["--minify", "node", "web", "webview"]);
  const listed = execFileSync(process.execPath, [VSCE, "ls", "--no-dependencies"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const files = listed.split("\n").filter((line) => line !== "");
  const missing = NEEDED.filter((name) => !files.includes(name));
  const extra = files.filter((name) => !NEEDED.includes(name) && !name.startsWith("media/"));
  if (missing.length > 0) throw new Error(`The package would lack ${missing.join(", ")}.`);
  if (extra.length > 0)
    throw new Error(`The package would hold ${extra.join(", ")}: name it in test/run/package.mjs, or not in .vscodeignore.`);
  // Links of the README stay relative: there is no public repository for them to point to.
  must(VSCE, ["package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "-o", VSIX]);
  if (!existsSync(VSIX)) throw new Error("vsce wrote no package.");
  return VSIX;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const path = packageExtension();
    console.log(`${path.replace(`${ROOT}/`, "")}: ${Math.round(statSync(path).size / 1000)} kB`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
