/**
 * What runs in the extension host while `npm run bench:editor` works: says how long the extension took to activate in a
 * window at rest, then, in Node, for each change of a Python document, the processor time of the host's thread before it
 * and when the thread was free again. All are lines on the console, which the page hears. VS Code calls `run`; it never ends, the
 * page is closed.
 */
import * as vscode from "vscode";

const say = (what: Readonly<Record<string, unknown>>): void => console.log(`[probe] ${JSON.stringify(what)}`);

/** Quiet for this long, the times are said, milliseconds. */
const QUIET_MS = 1500;
/** Keys in one line of the console: VS Code hands no long line on. */
const A_LINE = 12;
/** How often the thread's time is noted: what is before a key is as old as that at most. */
const NOTE_MS = 40;
/** A window has come to rest when its host worked less than this in half a second. */
const REST_BUSY_MS = 25;

/** Processor time of this thread, milliseconds: whatever else the machine does is not in it. */
function threadMs(): number {
  const { threadCpuUsage } = process as { readonly threadCpuUsage?: () => NodeJS.CpuUsage };
  if (threadCpuUsage === undefined) throw new Error("The server's Node does not tell a thread's time: it needs Node 23.9 or newer.");
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

const wait = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));

/** Whether this is the web worker host, where nobody tells a thread's time. */
const isWorker = "importScripts" in globalThis;

/** In a worker nobody tells when the page has come to rest, which answers what the host asks: it is given this long. */
const WORKER_REST_MS = 6000;

async function rest(): Promise<void> {
  if (isWorker) return wait(WORKER_REST_MS);
  for (let before = threadMs(), i = 0; i < 40; i++) {
    await wait(500);
    const now = threadMs();
    if (now - before < REST_BUSY_MS) return;
    before = now;
  }
}

export async function run(): Promise<void> {
  await rest();
  const extension = vscode.extensions.getExtension<{ readonly ready: Promise<unknown> }>("flexlens.flexlens");
  const wasActive = extension?.isActive === true;
  const began = performance.now();
  const api = await extension?.activate();
  const activeMs = performance.now() - began;
  await api?.ready;
  const readyMs = performance.now() - began;
  say({ activationMs: extension === undefined || wasActive ? null : activeMs, readyMs, has: extension !== undefined });
  if (isWorker) await new Promise(() => {});

  let noted = threadMs();
  setInterval(() => {
    noted = threadMs();
  }, NOTE_MS);
  let keys: (readonly [before: number, free: number])[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (document.languageId !== "python" || contentChanges.length === 0) return;
    const before = noted;
    // Comes after all who listen to the change, and what they do in this turn; timers that they set come later.
    setImmediate(() => {
      keys.push([Number(before.toFixed(3)), Number(threadMs().toFixed(3))]);
    });
    clearTimeout(timer);
    timer = setTimeout(() => {
      for (let i = 0; i < keys.length; i += A_LINE) say({ keys: keys.slice(i, i + A_LINE) });
      keys = [];
    }, QUIET_MS);
  });
  await new Promise(() => {});
}
