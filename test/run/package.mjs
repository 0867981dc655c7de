// `npm run package`: builds the bundles without source maps and packs dist/flexlens.vsix, which is what people install, what
// `npm start` serves and what the end-to-end test uses. Fails where the package lacks a file or holds one too many.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./dawn.mjs";

export const VSIX = join(ROOT, "dist/flexlens.vsix");
const VSCE = join(ROOT, "node_modules/@vscode/vsce/vsce");
/** As vsce names them in the package. */
const NEEDED = [
  "package.json",
  "readme.md",
  "changelog.md",
  "LICENSE.txt",
  "dist/activation.js",
  "dist/extension.js",
  "dist/webview/main.js",
  "dist/webview/main.css",
];

/** What people download, bytes. */
const MOST = 1_000_000;

/** Names of the files in a zip archive, from its central directory. */
function filesOf(path) {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0) throw new Error(`\`${path}\` is no package.`);
  const names = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let i = bytes.readUInt16LE(end + 10); i > 0; i--) {
    const length = bytes.readUInt16LE(at + 28);
    names.push(bytes.toString("utf8", at + 46, at + 46 + length));
    at += 46 + length + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return names;
}

function must(script, words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...words], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0)
    throw new Error(`\`${[script, ...words].join(" ").replaceAll(`${ROOT}/`, "")}\` ended with ${status}:\n${stdout}${stderr}`);
}

/** Builds and packs; returns the package's path. Throws with the words of what failed. */
export function packageExtension() {
  rmSync(VSIX, { force: true });
  must(join(ROOT, "esbuild.mjs"), ["--minify", "extension", "webview"]);
  // Links of the README stay relative: there is no public repository for them to point to.
  must(VSCE, ["package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "-o", VSIX]);
  const files = filesOf(VSIX).flatMap((name) => (name.startsWith("extension/") ? name.slice("extension/".length) : []));
  const missing = NEEDED.filter((name) => !files.includes(name));
  const extra = files.filter((name) => !NEEDED.includes(name) && !name.startsWith("media/"));
  if (missing.length > 0) throw new Error(`The package lacks ${missing.join(", ")}.`);
  if (extra.length > 0) throw new Error(`The package holds ${extra.join(", ")}: name it in test/run/package.mjs, or not in .vscodeignore.`);
  const { size } = statSync(VSIX);
  if (size > MOST) throw new Error(`The package has ${Math.round(size / 1000)} kB: ${MOST / 1000} are the most that it may have.`);
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
