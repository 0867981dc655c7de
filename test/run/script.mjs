// Runs a TypeScript file in Node: bundles it beside the others in dist/script (packages stay outside) and starts it.
//   node test/run/script.mjs [--dawn] FILE.ts ARGUMENT…        --dawn: in the environment in which Dawn finds an adapter
import { spawn } from "node:child_process";
import { basename, join, resolve } from "node:path";
import * as esbuild from "esbuild";
import { dawnEnvironment, ROOT } from "./dawn.mjs";

const words = process.argv.slice(2);
const dawn = words[0] === "--dawn" ? words.shift() === "--dawn" : false;
const [file, ...rest] = words;
if (file === undefined) {
  console.error("usage: node test/run/script.mjs [--dawn] FILE.ts ARGUMENT…");
  process.exit(2);
}
const outfile = join(ROOT, "dist/script", `${basename(resolve(file, ".."))}-${basename(file).replace(/\.tsx?$/, ".mjs")}`);
await esbuild.build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  target: "node20",
  sourcemap: "inline",
  loader: { ".py": "text" },
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});
let environment = {};
if (dawn) {
  try {
    ({ environment } = dawnEnvironment());
  } catch {
    // Most commands of the command line need no device; those that do say themselves that there is none.
  }
}
const child = spawn(process.execPath, ["--enable-source-maps", outfile, ...rest], {
  stdio: "inherit",
  env: { ...process.env, ...environment },
});
child.once("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
