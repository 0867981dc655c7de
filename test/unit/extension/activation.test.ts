/** What VS Code compiles before it goes on is small: the extension itself comes in the turn after. */
import * as esbuild from "esbuild";
import { expect, test } from "vitest";

test("the bundle that activates holds the commands' names and nothing else of the extension", async () => {
  const { metafile } = await esbuild.build({
    bundle: true,
    platform: "browser",
    format: "cjs",
    external: ["vscode", "./extension.js"],
    entryPoints: ["extension/activation.ts"],
    outdir: "dist/test/activation",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  expect(Object.keys(metafile.inputs).toSorted()).toEqual(["extension/activation.ts", "extension/contributions.ts"]);
  const [output] = Object.values(metafile.outputs);
  expect(output?.imports.map(({ path }) => path)).toEqual(["vscode", "./extension.js"]);
});
