/**
 * What runs in the extension host while `npm run bench:editor` types: says how long the extension took to activate, then, at
 * each change of a Python document, how long the host's thread has been busy so far. Both are lines on the console, which
 * the page hears. VS Code calls `run`; it never ends, the page is closed.
 */
import { performance } from "node:perf_hooks";
import * as vscode from "vscode";

const say = (what: Readonly<Record<string, unknown>>): void => console.log(`[probe] ${JSON.stringify(what)}`);

/** Quiet for this long, the busy times are said, milliseconds. */
const QUIET_MS = 1500;
/** Numbers in one line of the console. */
const A_LINE = 25;

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension("flexlens.flexlens");
  const wasActive = extension?.isActive === true;
  const began = performance.now();
  await extension?.activate();
  say({ activationMs: extension === undefined || wasActive ? null : performance.now() - began, has: extension !== undefined });
  let busy: number[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (document.languageId !== "python" || contentChanges.length === 0) return;
    busy.push(performance.eventLoopUtilization().active);
    clearTimeout(timer);
    timer = setTimeout(() => {
      // VS Code hands no long line on.
      for (let i = 0; i < busy.length; i += A_LINE) say({ busy: busy.slice(i, i + A_LINE).map((ms) => Number(ms.toFixed(3))) });
      busy = [];
    }, QUIET_MS);
  });
  await new Promise(() => {});
}
