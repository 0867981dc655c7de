// Bundles everything that is run: the extension (one bundle for both hosts), the panel, the command line, and the suites of the
// end-to-end tests. In: the entry points below; out: dist/ and test/e2e/driver/suite.*, all git-ignored.
//   node esbuild.mjs [--watch] [--minify] [TARGET…]        targets: extension webview cli suite; default: all
// package.json has no `"type": "module"`: VS Code takes that word to mean that `main` and `browser` are ES modules,
// and its web worker host cannot load any. So .js here is CommonJS, and scripts for Node are named .mjs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { bundledText } from "./bundledText.mjs";

const ROOT = dirname(fileURLToPath(import.meta.url));
const flags = process.argv.slice(2);
const minify = flags.includes("--minify");
const watch = flags.includes("--watch");
const wanted = flags.filter((flag) => !flag.startsWith("--"));

/** @type {esbuild.BuildOptions} */
const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  minify,
  sourcemap: minify ? false : "linked",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  loader: { ".py": "text" },
};
/**
 * `fflate` makes its tables when it is loaded, a fifth of what loading all of the extension takes, and archives are rare: it
 * is loaded at the first call.
 * @type {esbuild.Plugin}
 */
const lateFflate = {
  name: "late-fflate",
  setup(build) {
    build.onResolve({ filter: /^fflate$/ }, ({ namespace }) => (namespace === "late" ? null : { path: "fflate", namespace: "late" }));
    build.onLoad({ filter: /.*/, namespace: "late" }, () => ({
      contents: ["unzipSync", "zipSync"].map((name) => `export const ${name} = (...all) => require("fflate").${name}(...all);`).join("\n"),
      resolveDir: ROOT,
    }));
  },
};

const panel = { platform: "browser", format: "iife", jsx: "automatic", jsxImportSource: "preact", plugins: [bundledText, lateFflate] };

/**
 * `import * as vscode` becomes a plain `require`: for each file that has it, esbuild would copy the API's several hundred
 * names while the extension is activated.
 * @type {esbuild.Plugin}
 */
const plainVscode = {
  name: "plain-vscode",
  setup(build) {
    build.onLoad({ filter: /[\\/]extension[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/^import \* as vscode from "vscode";$/m, 'const vscode = require("vscode");'),
      loader: "ts",
    }));
  },
};

/** @type {Record<string, esbuild.BuildOptions>} */
const TARGETS = {
  // One bundle for the Node and the web worker host: it takes nothing that one of them lacks, and is packed and read once.
  // A small one stands before it.
  extension: {
    ...shared,
    platform: "browser",
    format: "cjs",
    external: ["vscode", "./extension.js"],
    plugins: [plainVscode, lateFflate],
    entryPoints: ["extension/extension.ts", "extension/activation.ts"],
    outdir: "dist",
  },
  webview: { ...shared, ...panel, entryPoints: { main: "webview/main.tsx" }, outdir: "dist/webview" },
  // Dawn is a native module: it stays outside and is looked up when a device is asked for.
  cli: {
    ...shared,
    platform: "node",
    format: "cjs",
    external: ["webgpu"],
    banner: { js: "#!/usr/bin/env node" },
    entryPoints: ["kernels/cli/main.ts"],
    outfile: "dist/cli.js",
  },
  suite: {
    ...shared,
    platform: "browser",
    format: "cjs",
    // One bundle for every extension host. The Node host has no `location`, which mocha's browser build reads.
    external: ["vscode"],
    entryPoints: ["test/e2e/suite/index.ts"],
    outfile: "test/e2e/driver/suite.js",
  },
};

const names = wanted.length > 0 ? wanted : Object.keys(TARGETS);
const unknown = names.filter((name) => !(name in TARGETS));
if (unknown.length > 0) {
  console.error(`Unknown target \`${unknown.join(" ")}\`; there are: ${Object.keys(TARGETS).join(" ")}`);
  process.exit(2);
}

mkdirSync(join(ROOT, "dist"), { recursive: true });
const started = Date.now();
if (watch) {
  // The background matcher of .vscode/tasks.json waits for these two lines.
  const said = {
    name: "said",
    setup(build) {
      build.onStart(() => console.log("[watch] build started"));
      build.onEnd(({ errors }) => {
        for (const { location, text } of errors)
          console.log(`${location?.file ?? "?"}:${location?.line ?? 0}:${location?.column ?? 0}: error: ${text}`);
        console.log("[watch] build finished");
      });
    },
  };
  for (const name of names)
    await (await esbuild.context({ ...TARGETS[name], logLevel: "silent", plugins: [...(TARGETS[name].plugins ?? []), said] })).watch();
} else {
  const built = await Promise.allSettled(names.map((name) => esbuild.build({ ...TARGETS[name], metafile: true })));
  const sizes = [];
  for (const [i, result] of built.entries()) {
    if (result.status === "rejected") {
      console.error(`${names[i]}: not built`);
      process.exitCode = 1;
      continue;
    }
    for (const [path, { bytes }] of Object.entries(result.value.metafile.outputs))
      if (path.endsWith(".js")) sizes.push(`${path} ${Math.round(bytes / 1000)} kB`);
    writeFileSync(join(ROOT, "dist", `meta.${names[i]}.json`), JSON.stringify(result.value.metafile));
  }
  console.log(`built in ${Date.now() - started} ms: ${sizes.join(", ")}`);
}
