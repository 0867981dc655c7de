/**
 * The variants of the workspace: of its Python files and notebooks, and of what is open beside them. Nothing is done
 * until somebody looks (a view that is visible, a command that lists). Then files are read a few at a time, most drop out
 * by a test of their text, the others are lowered one a turn, while nobody types. After that it follows: open documents
 * as they are read, files as they change, what they import as it turns up.
 */
import * as vscode from "vscode";
import { MAX_MODULE_BYTES } from "../../kernels/frontend/imports.ts";
import type { LoweredVariant } from "../../kernels/frontend/module.ts";
import type { Documents } from "../documents.ts";
import { problemOf, type Reading } from "../reading.ts";
import { pythonOf } from "../savedText.ts";
import { FILES, isForeign, mayHoldMods, NOT_FILES } from "./scanText.ts";
import { rowSteps, type VariantRow } from "./variantRow.ts";

/** Files looked at; more are said to be there. */
const MOST_FILES = 5000;
/** Variants listed of one file. */
const MOST_VARIANTS = 100;
/** A notebook carries its pictures with it. */
const MAX_NOTEBOOK_BYTES = 8 * 2 ** 20;
/** Files read at a time. */
const TOGETHER = 16;
/** No work within so many milliseconds after a keystroke. */
const REST_MS = 400;
/** Lists are drawn again no more often. */
const TELL_MS = 250;

export interface WorkspaceIndex extends vscode.Disposable {
  /** What is known, by document; those without variants are in it, with none. */
  readonly files: ReadonlyMap<string, readonly VariantRow[]>;
  /** The files looked at and to be looked at; null: nothing goes on. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** There are more than are looked at. */
  readonly isCut: boolean;
  /** All of the workspace was. */
  readonly isLookedThrough: boolean;
  /** Looks through the workspace; what was looked through before is not again. */
  start(): void;
  /** Looks at everything anew. */
  restart(): void;
  /** Reads documents whose rows are wanted, if they were not read. */
  want(documents: readonly string[]): void;
  /** Resolves when nothing goes on. */
  done(): Promise<void>;
  readonly onDidChange: vscode.Event<void>;
}

export function createWorkspaceIndex(documents: Documents, log: vscode.LogOutputChannel): WorkspaceIndex {
  const files = new Map<string, readonly VariantRow[]>();
  /** Documents to be read, in this order. */
  const queue = new Set<string>();
  const changed = new vscode.EventEmitter<void>();
  const idle = new Set<() => void>();
  let watching: vscode.Disposable | null = null;
  let isCut = false;
  /** Its files are known, and asked for. */
  let isListed = false;
  /** Of the present look: files that were taken up, and files there were. null: nothing goes on. */
  let progress: { done: number; total: number } | null = null;
  let looking: Promise<void> = Promise.resolve();
  let generation = 0;
  let typedAt = 0;
  let telling: ReturnType<typeof setTimeout> | null = null;

  const tell = (): void => {
    telling ??= setTimeout(() => {
      telling = null;
      changed.fire();
    }, TELL_MS);
  };
  const ask = (keys: Iterable<string>): void => {
    for (const key of keys) queue.add(key);
    if (queue.size > 0 && progress === null) void work();
  };
  const drop = (key: string): void => {
    queue.delete(key);
    documents.forget(key);
    if (files.delete(key)) tell();
  };

  /** Lets others work for so long, and waits until nobody types; false where the work is no longer wanted. */
  const turn = async (begun: number, ms = 0): Promise<boolean> => {
    await after(ms);
    while (begun === generation && Date.now() - typedAt < REST_MS) await after(REST_MS);
    return begun === generation;
  };

  const rowsOf = async (reading: Reading, begun: number): Promise<readonly VariantRow[] | null> => {
    const own = reading.module.variants.filter(({ nameSpan }) => nameSpan.file === reading.document).slice(0, MOST_VARIANTS);
    const rows: VariantRow[] = [];
    for (const variant of own) {
      const row = await rowOf(reading, variant, begun);
      if (row === null) return null;
      rows.push(row);
    }
    return rows;
  };
  const rowOf = async (reading: Reading, variant: LoweredVariant, begun: number): Promise<VariantRow | null> => {
    const steps = rowSteps(reading.document, variant, problemOf(reading, variant));
    for (;;) {
      const began = performance.now();
      const { done, value } = steps.next();
      if (done === true) return value;
      // As much rest as work: the host has others to serve.
      if (!(await turn(begun, performance.now() - began))) return null;
    }
  };

  const work = async (): Promise<void> => {
    const begun = generation;
    const began = performance.now();
    const now = { done: 0, total: queue.size };
    progress = now;
    while (queue.size > 0 && begun === generation) {
      now.total = now.done + queue.size;
      const keys = [...queue].slice(0, TOGETHER);
      for (const key of keys) queue.delete(key);
      const texts = await Promise.all(keys.map(async (key) => [key, await textOf(key, documents)] as const));
      for (const [key, text] of texts) {
        if (!(await turn(begun))) return;
        const reading = documents.readKey(key) ?? (text === null ? null : documents.glance(key, text));
        const rows = reading === null ? [] : await rowsOf(reading, begun);
        if (rows === null) return;
        if (reading === null) documents.forget(key);
        files.set(key, rows);
        now.done++;
        tell();
      }
    }
    if (begun !== generation) return;
    progress = null;
    tell();
    log.debug(`${now.done} files looked at in ${(performance.now() - began).toFixed(0)} ms: ${[...files.values()].flat().length} variants`);
    for (const done of idle) done();
    idle.clear();
  };

  const lookThrough = async (): Promise<void> => {
    const begun = generation;
    const found = await vscode.workspace.findFiles(FILES, NOT_FILES, MOST_FILES + 1);
    if (begun !== generation) return;
    isCut = found.length > MOST_FILES;
    isListed = true;
    const keys = found.slice(0, MOST_FILES).map((uri) => uri.toString());
    const open = [...vscode.workspace.textDocuments, ...vscode.workspace.notebookDocuments].map(({ uri }) => uri.toString());
    ask([...open.filter((key) => documents.readKey(key) !== null), ...keys.sort()]);
    if (progress === null) tell();
  };
  const watch = (): vscode.Disposable => {
    const watcher = vscode.workspace.createFileSystemWatcher(FILES);
    const isMeant = (uri: vscode.Uri): boolean => !isForeign(vscode.workspace.asRelativePath(uri, false));
    return vscode.Disposable.from(
      watcher,
      watcher.onDidCreate((uri) => isMeant(uri) && ask([uri.toString()])),
      watcher.onDidChange((uri) => isMeant(uri) && ask([uri.toString()])),
      watcher.onDidDelete((uri) => drop(uri.toString())),
      vscode.workspace.onDidDeleteFiles(restart),
      vscode.workspace.onDidRenameFiles(restart),
      vscode.workspace.onDidChangeWorkspaceFolders(restart),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("files.exclude")) restart();
        else if (change.affectsConfiguration("flexlens.problem")) ask(files.keys());
      }),
    );
  };
  const begin = (): void => {
    watching ??= watch();
    looking = lookThrough();
  };
  function restart(): void {
    generation++;
    queue.clear();
    progress = null;
    isListed = false;
    for (const key of files.keys()) documents.forget(key);
    files.clear();
    tell();
    if (watching !== null) begin();
  }

  const isFollowed = (key: string): boolean => watching !== null || files.has(key);
  const subscription = vscode.Disposable.from(
    changed,
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.uri.scheme !== "output") typedAt = Date.now();
    }),
    documents.onDidRead(({ reading }) => {
      if (isFollowed(reading.document)) ask([reading.document]);
    }),
    documents.onDidFind((key) => {
      if (files.has(key)) ask([key]);
    }),
    documents.onDidClose((key) => {
      if (!isFollowed(key)) return;
      // What is stored may be another text; what was never stored is gone.
      if (vscode.Uri.parse(key, true).scheme === "untitled") drop(key);
      else ask([key]);
    }),
  );
  return {
    files,
    get progress() {
      return progress;
    },
    get isCut() {
      return isCut;
    },
    get isLookedThrough() {
      return isListed && progress === null;
    },
    start() {
      if (watching === null) begin();
    },
    restart,
    want: (keys) => ask(keys.filter((key) => !files.has(key))),
    async done() {
      await looking;
      if (progress !== null) await new Promise<void>((go) => idle.add(go));
    },
    onDidChange: changed.event,
    dispose() {
      generation++;
      if (telling !== null) clearTimeout(telling);
      watching?.dispose();
      subscription.dispose();
    },
  };
}

const after = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));

/** The Python of a stored file, where it may hold mods; null where it does not, is open, is too long or not to be read. */
async function textOf(key: string, documents: Documents): Promise<string | null> {
  const uri = vscode.Uri.parse(key, true);
  if (documents.readKey(key) !== null || uri.scheme === "untitled") return null;
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > (uri.path.endsWith(".ipynb") ? MAX_NOTEBOOK_BYTES : MAX_MODULE_BYTES)) return null;
    const former = pythonOf(uri, new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
    return "text" in former && mayHoldMods(former.text) ? former.text : null;
  } catch {
    // It is gone, or not to be read: the list goes without it.
    return null;
  }
}
