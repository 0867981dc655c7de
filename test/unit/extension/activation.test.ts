/** What VS Code compiles before it goes on is small: the extension itself comes in the turn after, and nothing is lost between. */
import * as esbuild from "esbuild";
import { afterEach, describe, expect, test, vi } from "vitest";
import { activate } from "../../../extension/activation.ts";

type Run = (...words: unknown[]) => unknown;

/** What stands in for the editor: its commands, and the errors that it showed. */
const editor = vi.hoisted(() => ({ commands: new Map<string, Run>(), errors: [] as string[] }));

vi.mock("vscode", () => ({
  commands: {
    registerCommand(name: string, run: Run) {
      if (editor.commands.has(name)) throw new Error(`${name} is there already`);
      editor.commands.set(name, run);
      return { dispose: () => editor.commands.delete(name) };
    },
    async executeCommand(name: string, ...words: unknown[]) {
      const run = editor.commands.get(name);
      if (run === undefined) throw new Error(`${name} is not there`);
      return run(...words);
    },
  },
  // A bundle that says where it was read.
  workspace: {
    fs: {
      readFile: async (uri: string) => new TextEncoder().encode(`exports.start = (context) => context.extensionUri + ", from ${uri}";`),
    },
  },
  Uri: { joinPath: (...parts: string[]) => parts.join("/") },
  window: { showErrorMessage: async (text: string) => void editor.errors.push(text) },
}));

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

describe("what happens before the extension is loaded", () => {
  const SHOW = "flexlens.showMask";
  const contextOf = () => ({ subscriptions: [] as { dispose(): unknown }[] });
  /** VS Code activates it, and somebody runs a command at once. */
  function activated(load: () => { readonly start: () => unknown }, context = contextOf()) {
    type Given = Parameters<typeof activate>;
    const { ready } = activate(context as unknown as Given[0], load as unknown as Given[1]);
    return { ready, answer: Promise.resolve(editor.commands.get(SHOW)?.("a.py", "causal")) };
  }
  const fail = (): never => {
    throw new Error("no room on the disk");
  };

  afterEach(() => {
    editor.commands.clear();
    editor.errors.length = 0;
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  test("a command that is run waits, and is then the extension's own, with its words", async () => {
    const { ready, answer } = activated(() => ({
      start() {
        editor.commands.set(SHOW, (...words) => words.join(" of "));
        return "started";
      },
    }));
    expect(await answer).toBe("a.py of causal");
    expect(await ready).toBe("started");
    expect([[...editor.commands.keys()], editor.errors]).toEqual([[SHOW], []]);
  });

  test.each([
    ["cannot be loaded", fail, true],
    ["throws as it starts", () => ({ start: fail }), false],
  ])("an extension that %s is said with its cause, and fails the command", async (_, load, keepsCommands) => {
    vi.spyOn(console, "error").mockReturnValue();
    const { ready, answer } = activated(load);
    await expect(answer).rejects.toThrow("no room on the disk");
    await expect(ready).rejects.toThrow("no room on the disk");
    expect(editor.errors).toEqual([expect.stringMatching(/^Flexlens did not start: no room on the disk\. Reload the window/)]);
    expect(editor.commands.has(SHOW)).toBe(keepsCommands);
  });

  test("an extension that is deactivated before is not loaded any more", async () => {
    const context = contextOf();
    const load = vi.fn();
    activated(load, context);
    for (const part of context.subscriptions) part.dispose();
    await new Promise((soon) => setTimeout(soon, 5));
    expect([load.mock.calls, [...editor.commands.keys()]]).toEqual([[], []]);
  });

  test("in a web worker, whose require knows no files, the bundle is read as text from where the extension lies", async () => {
    vi.stubGlobal("importScripts", () => undefined);
    const context = { ...contextOf(), extensionUri: "https://host/flexlens" };
    const { ready } = activate(context as unknown as Parameters<typeof activate>[0]);
    expect(await ready).toBe("https://host/flexlens, from https://host/flexlens/dist/extension.js");
  });
});
