// An esbuild plugin for `import text from "./entry.ts?bundled"`: the text of the bundle of that entry, as a string. So
// the panel carries its worker's script with it, and needs no second file and no word of its content security policy.
import { dirname, resolve } from "node:path";
import * as esbuild from "esbuild";

/** @type {esbuild.Plugin} */
export const bundledText = {
  name: "bundled-text",
  setup(build) {
    build.onResolve({ filter: /\?bundled$/ }, ({ path, importer }) => ({
      path: resolve(dirname(importer), path.replace(/\?bundled$/, "")),
      namespace: "bundled-text",
    }));
    build.onLoad({ filter: /.*/, namespace: "bundled-text" }, async ({ path }) => {
      const { target, absWorkingDir, charset } = build.initialOptions;
      const { outputFiles, metafile, errors, warnings } = await esbuild.build({
        entryPoints: [path],
        bundle: true,
        write: false,
        metafile: true,
        minify: true,
        platform: "browser",
        format: "iife",
        legalComments: "none",
        logLevel: "silent",
        ...(target ? { target } : {}),
        ...(absWorkingDir ? { absWorkingDir } : {}),
        ...(charset ? { charset } : {}),
      });
      const watchFiles = Object.keys(metafile.inputs).map((file) => resolve(absWorkingDir ?? ".", file));
      return { contents: outputFiles[0]?.text ?? "", loader: "text", errors, warnings, watchFiles };
    });
  },
};
