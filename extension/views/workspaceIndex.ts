/**
 * The variants of the editor's workspace: of its Python files and notebooks, and of what is open beside them. Nothing is
 * done until somebody looks (a view that is visible, a command that lists). After that it follows: open documents as they
 * are read, files as they change, what they import as it turns up.
 */
import * as vscode from "vscode";
import { MAX_MODULE_BYTES } from "../../kernels/frontend/imports.ts";
import type { Documents } from "../documents.ts";
import { problemOf } from "../reading.ts";
import { pythonOf } from "../savedText.ts";
import { FILES, isForeign, mayHoldMods, NOT_FILES } from "./scanText.ts";
import type { VariantRow } from "./variantRow.ts";
import { createVariantScan, type ScanPorts, type VariantScan } from "./variantScan.ts";

/** Files looked at; more are said to be there. */
const MOST_FILES = 5000;
/** A notebook carries its pictures with it. */
const MAX_NOTEBOOK_BYTES = 8 * 2 ** 20;
/** No work within so many milliseconds after a keystroke. */
const REST_MS = 400;
/** Lists are drawn again no more often. */
const TELL_MS = 250;

export interface WorkspaceIndex extends Pick<VariantScan, "files" | "progress" | "isCut" | "isLookedThrough" | "done">, vscode.Disposable {
  /** Looks through the workspace, unless it was, or is. */
  start(): void;
  /** Looks through it anew. */
  restart(): void;
  /** What the document has under that name now; null: nothing; undefined: it was not read yet. */
  rowOf(document: string, variant: string): VariantRow | null | undefined;
  /** Reads documents whose variants are wanted, if they were not read. */
  want(documents: readonly string[]): void;
  readonly onDidChange: vscode.Event<void>;
}

export function createWorkspaceIndex(documents: Documents, log: vscode.LogOutputChannel): WorkspaceIndex {
  const changed = new vscode.EventEmitter<void>();
  let telling: ReturnType<typeof setTimeout> | null = null;
  let typedAt = 0;
  /** The files are watched: somebody has looked. */
  let watching: vscode.Disposable | null = null;

  const tell = (): void => {
    telling ??= setTimeout(() => {
      telling = null;
      changed.fire();
    }, TELL_MS);
  };
  const scan = createVariantScan(
    portsOf(documents, () => Date.now() - typedAt < REST_MS),
    tell,
  );
  const restart = (): void => {
    const began = performance.now();
    watching ??= watch(scan, restart);
    scan.start();
    void scan.done().then(() => {
      const count = [...scan.files.values()].flat().length;
      log.info(`${scan.files.size} files looked through in ${(performance.now() - began).toFixed(0)} ms: ${count} variants`);
    });
  };

  const isFollowed = (key: string): boolean => watching !== null || scan.files.has(key);
  const subscription = vscode.Disposable.from(
    changed,
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.uri.scheme !== "output") typedAt = Date.now();
    }),
    documents.onDidRead(({ reading }) => {
      if (isFollowed(reading.document)) scan.ask([reading.document]);
    }),
    documents.onDidFind((key) => {
      if (scan.files.has(key)) scan.ask([key]);
    }),
    documents.onDidClose((key) => {
      if (!isFollowed(key)) return;
      // What is stored may be another text; what was never stored is gone.
      if (vscode.Uri.parse(key, true).scheme === "untitled") scan.drop(key);
      else scan.ask([key]);
    }),
  );
  return {
    files: scan.files,
    get progress() {
      return scan.progress;
    },
    get isCut() {
      return scan.isCut;
    },
    get isLookedThrough() {
      return scan.isLookedThrough;
    },
    done: scan.done,
    start() {
      if (watching === null) restart();
    },
    restart,
    rowOf(document, variant) {
      const rows = scan.files.get(document);
      return rows === undefined ? undefined : (rows.find(({ name }) => name === variant) ?? null);
    },
    want: (keys) => scan.ask(keys.filter((key) => !scan.files.has(key))),
    onDidChange: changed.event,
    dispose() {
      scan.stop();
      if (telling !== null) clearTimeout(telling);
      watching?.dispose();
      subscription.dispose();
    },
  };
}

/** Keeps the index with the files of the workspace. */
function watch(scan: VariantScan, restart: () => void): vscode.Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher(FILES);
  const look = (uri: vscode.Uri): void => {
    if (!isForeign(vscode.workspace.asRelativePath(uri, false))) scan.ask([uri.toString()]);
  };
  return vscode.Disposable.from(
    watcher,
    watcher.onDidCreate(look),
    watcher.onDidChange(look),
    watcher.onDidDelete((uri) => scan.drop(uri.toString())),
    // Of a folder that goes or moves the watcher names the folder alone.
    vscode.workspace.onDidDeleteFiles(restart),
    vscode.workspace.onDidRenameFiles(restart),
    vscode.workspace.onDidChangeWorkspaceFolders(restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("files.exclude")) restart();
      else if (change.affectsConfiguration("flexlens.problem")) scan.ask(scan.files.keys());
    }),
  );
}

function portsOf(documents: Documents, isBusy: () => boolean): ScanPorts {
  return {
    async list() {
      const found = await vscode.workspace.findFiles(FILES, NOT_FILES, MOST_FILES + 1);
      const open = [...vscode.workspace.textDocuments, ...vscode.workspace.notebookDocuments].map(({ uri }) => uri.toString());
      const stored = found.slice(0, MOST_FILES).map((uri) => uri.toString());
      return { keys: [...open.filter((key) => documents.readKey(key) !== null), ...stored.sort()], isCut: found.length > MOST_FILES };
    },
    textOf: (key) => (documents.readKey(key) === null ? storedText(vscode.Uri.parse(key, true)) : Promise.resolve(null)),
    read(key, text) {
      const reading = documents.readKey(key) ?? (text === null ? null : documents.glance(key, text));
      if (reading === null) return null;
      const own = reading.module.variants.filter(({ nameSpan }) => nameSpan.file === key);
      return own.map((variant) => ({ variant, problem: problemOf(reading, variant) }));
    },
    forget: (key) => documents.forget(key),
    isBusy,
    wait: (ms) => new Promise((go) => setTimeout(go, ms)),
  };
}

/** The Python of a file, where it may hold mods; null where it does not, is too long or not to be read. */
async function storedText(uri: vscode.Uri): Promise<string | null> {
  if (uri.scheme === "untitled") return null;
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > (uri.path.endsWith(".ipynb") ? MAX_NOTEBOOK_BYTES : MAX_MODULE_BYTES)) return null;
    const stored = pythonOf(uri, new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
    return "text" in stored && mayHoldMods(stored.text) ? stored.text : null;
  } catch {
    // It is gone, or not to be read: the list goes without it.
    return null;
  }
}
