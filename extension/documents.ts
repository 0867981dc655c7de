/**
 * Documents as they are read: a Python document, or all code cells of a notebook as one module, lowered and kept by
 * version. A `Reading` is a value: what the text said at one moment. Reading happens in a turn of its own after an edit
 * (pace.ts says when); whoever needs it sooner (the editor asking for lenses) reads at once and finds the result kept.
 *
 * Any scheme will do (file, untitled, notebook cells, virtual file systems): text comes from the editor or through
 * `workspace.fs`, and is never run.
 */
import * as vscode from "vscode";
import { importLines } from "../kernels/frontend/imports.ts";
import { lowerModule } from "../kernels/frontend/lower.ts";
import type { LoweredModule, LowerOptions, Source } from "../kernels/frontend/module.ts";
import type { ProblemHints } from "../kernels/ir/mod.ts";
import { lowerBindings, type ShownFile } from "../webview/protocol.ts";
import { PYTHON } from "./contributions.ts";
import type { DataFiles } from "./dataFiles.ts";
import type { InputStore, Inputs } from "./inputs.ts";
import { joinCells } from "./layout.ts";
import type { Modules } from "./modules.ts";
import { readAt } from "./pace.ts";
import type { Reading } from "./reading.ts";
import { setting } from "./settings.ts";

export type Lower = (sources: readonly Source[], options?: LowerOptions) => LoweredModule;

export interface ReadEvent {
  readonly reading: Reading;
  /** `Date.now()` of the edit that led to it; null where none did (opened, imported module found, settings changed). */
  readonly editedAt: number | null;
}

/** Former states of a file, as the other side of a diff shows them: nothing is measured or mended there. */
const PAST_SCHEMES: ReadonlySet<string> = new Set(["git", "gitlens", "vscode-local-history"]);

export function isPython(document: vscode.TextDocument): boolean {
  return document.languageId === PYTHON.language && !PAST_SCHEMES.has(document.uri.scheme);
}

/** What is read: an open document, or an open notebook with Python cells. */
type Subject =
  | { readonly kind: "text"; readonly uri: vscode.Uri; readonly text: vscode.TextDocument }
  | { readonly kind: "notebook"; readonly uri: vscode.Uri; readonly notebook: vscode.NotebookDocument };

interface Lowered {
  readonly module: LoweredModule;
  readonly sources: readonly Source[];
  readonly files: readonly ShownFile[];
}

/** Steps for a text that is only glanced at: what takes more is read when it is opened. */
const GLANCE_STEPS = 200_000;
const glanced: Lower = (sources, options) => lowerModule(sources, { ...options, stepBudget: GLANCE_STEPS });

interface Pending {
  readonly timer: ReturnType<typeof setTimeout>;
  /** `performance.now()` at which the timer goes off. */
  readonly dueAt: number;
  readonly editedAt: number | null;
}

export class Documents implements vscode.Disposable {
  private readonly readings = new Map<string, Reading>();
  private readonly pending = new Map<string, Pending>();
  private readonly didRead = new vscode.EventEmitter<ReadEvent>();
  private readonly didClose = new vscode.EventEmitter<string>();
  private readonly didFind = new vscode.EventEmitter<string>();
  private readonly subscriptions: vscode.Disposable[];
  readonly onDidRead = this.didRead.event;
  /** With the key of a document or notebook that is open no more. */
  readonly onDidClose = this.didClose.event;
  /** With the key of a text that was glanced at, and that imports or loads what has turned up or changed since. */
  readonly onDidFind = this.didFind.event;

  constructor(
    private readonly lower: Lower,
    private readonly modules: Modules,
    private readonly dataFiles: DataFiles,
    private readonly inputs: InputStore,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.didRead,
      this.didClose,
      this.didFind,
      vscode.workspace.onDidOpenTextDocument((text) => this.schedule(subjectOf(text), null)),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0) return;
        this.schedule(subjectOf(document), Date.now());
        if (isPython(document)) this.modules.changed(document.uri.toString());
      }),
      vscode.workspace.onDidCloseTextDocument((text) => this.close(text.uri.toString())),
      vscode.workspace.onDidOpenNotebookDocument((notebook) => this.schedule(notebookSubject(notebook), null)),
      vscode.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
        if (contentChanges.length > 0) this.schedule(notebookSubject(notebook), Date.now());
      }),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => this.close(notebook.uri.toString())),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("flexlens")) this.scheduleAll();
      }),
      ...[modules, dataFiles].map(({ onDidChange }) =>
        onDidChange((documents) => {
          for (const key of documents) {
            const subject = this.subject(key);
            if (subject === null) this.didFind.fire(key);
            else this.schedule(subject, null);
          }
        }),
      ),
    ];
  }

  /** Reads what is open already: to be called once, after everyone listens. */
  start(): void {
    this.scheduleAll();
  }

  /** The reading of `document` (a cell stands for its notebook) as it is now; null if it is not Python. */
  read(document: vscode.TextDocument): Reading | null {
    const subject = subjectOf(document);
    return subject === null ? null : this.readSubject(subject);
  }

  /** The reading by key, of what is open. */
  readKey(key: string): Reading | null {
    const subject = this.subject(key);
    return subject === null ? null : this.readSubject(subject);
  }

  /** The same, opening the document where it is not open. null if it cannot be opened or is not Python. */
  async open(key: string): Promise<Reading | null> {
    const known = this.readKey(key);
    if (known !== null) return known;
    try {
      const uri = vscode.Uri.parse(key, true);
      // To open an untitled document is to make an empty one.
      if (uri.scheme === "untitled") return null;
      if (uri.path.endsWith(".ipynb")) await vscode.workspace.openNotebookDocument(uri);
      else await vscode.workspace.openTextDocument(uri);
    } catch (error) {
      this.log.info(`${key} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
    return this.readKey(key);
  }

  /**
   * What the text of a document that is not open says: for lists of what is there. Not kept, but for its imports and
   * data files, which are followed until `forget`.
   */
  glance(key: string, text: string): Reading {
    const uri = vscode.Uri.parse(key, true);
    const inputs = this.inputs.of(key);
    const began = performance.now();
    const lowered = this.lowerOrLog(glanced, key, text, inputs);
    const readAt = performance.now();
    const lowerMs = readAt - began;
    const defaults = defaultProblem(uri);
    return { document: key, version: "", title: titleOf(uri), ...lowered, inputs, defaults, lowerMs, usualMs: lowerMs, readAt, cells: [] };
  }

  /** Follows no longer what a text that was glanced at imports and loads. */
  forget(key: string): void {
    if (this.subject(key) !== null) return;
    this.modules.forget(key);
    this.dataFiles.forget(key);
  }

  /** Takes values from the panel's form and reads again. */
  setInputs(key: string, change: Partial<Omit<Inputs, "revision">>): void {
    this.inputs.set(key, change);
    this.schedule(this.subject(key), null);
  }

  dispose(): void {
    for (const { timer } of this.pending.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private scheduleAll(): void {
    const subjects = [...vscode.workspace.textDocuments.map(subjectOf), ...vscode.workspace.notebookDocuments.map(notebookSubject)];
    for (const subject of new Map(subjects.flatMap((s) => (s === null ? [] : [[s.uri.toString(), s] as const]))).values())
      this.schedule(subject, null);
  }

  /** Reads `subject` soon: when, says pace.ts. */
  private schedule(subject: Subject | null, editedAt: number | null): void {
    if (subject === null) return;
    const key = subject.uri.toString();
    const before = this.pending.get(key);
    const now = performance.now();
    const reading = this.readings.get(key);
    const dueAt = readAt({
      delay: setting("analysis.delay", subject.uri),
      usualMs: reading?.usualMs ?? 0,
      lastReadAt: reading?.readAt ?? null,
      dueAt: before?.dueAt ?? null,
      now,
    });
    const kept = before?.dueAt === dueAt ? before.timer : setTimeout(() => this.readPending(key), dueAt - now);
    if (before !== undefined && before.timer !== kept) clearTimeout(before.timer);
    // Of several edits that one reading takes up, the last is the one that its picture is of.
    this.pending.set(key, { timer: kept, dueAt, editedAt: editedAt ?? before?.editedAt ?? null });
  }

  private readPending(key: string): void {
    const editedAt = this.pending.get(key)?.editedAt ?? null;
    this.pending.delete(key);
    const now = this.subject(key);
    if (now !== null) this.didRead.fire({ reading: this.readSubject(now), editedAt });
  }

  private close(key: string): void {
    const waiting = this.pending.get(key);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.pending.delete(key);
    if (this.readings.delete(key)) this.didClose.fire(key);
    this.modules.forget(key);
    this.dataFiles.forget(key);
  }

  private subject(key: string): Subject | null {
    const notebook = vscode.workspace.notebookDocuments.find((n) => n.uri.toString() === key);
    if (notebook !== undefined) return notebookSubject(notebook);
    const text = vscode.workspace.textDocuments.find((t) => t.uri.toString() === key);
    return text === undefined ? null : subjectOf(text);
  }

  private readSubject(subject: Subject): Reading {
    const key = subject.uri.toString();
    const inputs = this.inputs.of(key);
    const texts = subject.kind === "text" ? [subject.text] : pythonCells(subject.notebook);
    const defaults = defaultProblem(subject.uri);
    const version = [
      ...texts.map((t) => `${t.uri.fragment}@${t.version}`),
      inputs.revision,
      this.modules.revision(key),
      this.dataFiles.revision(key),
      JSON.stringify(defaults),
    ].join();
    const known = this.readings.get(key);
    if (known !== undefined && known.version === version) return known;

    const joined = subject.kind === "text" ? whole(subject.text.getText()) : joinCells(texts.map((t) => t.getText()));
    const cells = joined.parts.flatMap((part, i) => {
      const text = texts[i];
      return text === undefined ? [] : [{ ...part, text }];
    });
    const began = performance.now();
    const { module, sources, files } = this.lowerOrLog(this.lower, key, joined.text, inputs);
    const readAt = performance.now();
    const lowerMs = readAt - began;
    const usualMs = Math.min(lowerMs, known?.lowerMs ?? 0);
    const title = titleOf(subject.uri);
    const reading: Reading = { document: key, version, title, sources, files, module, inputs, defaults, lowerMs, usualMs, readAt, cells };
    this.readings.set(key, reading);
    this.log.debug(
      `${title}: read in ${lowerMs.toFixed(1)} ms: ${module.variants.length} variants, ${module.diagnostics.length} diagnostics, ${sources.length} sources`,
    );
    return reading;
  }

  /** Lowering answers for any text; where it has a defect all the same, the editor goes on and the log has the stack. */
  private lowerOrLog(lower: Lower, key: string, text: string, inputs: Inputs): Lowered {
    try {
      return this.lowerWithModules(lower, key, text, inputs);
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
      return { module: { variants: [], calls: [], diagnostics: [], needs: [], dataNeeds: [] }, sources: [{ file: key, text }], files: [] };
    }
  }

  /** Lowers with the imported modules that are at hand; the others are looked for, and bring a new reading when found. */
  private lowerWithModules(lower: Lower, key: string, text: string, inputs: Inputs): Lowered {
    let sources = this.modules.known({ file: key, text }, importLines(text));
    const bindings = lowerBindings(inputs);
    const written = [text, ...Object.values(bindings).filter((value) => typeof value === "string")];
    let files = this.dataFiles.known(key, (path) => [...written, ...sources.slice(1).map((s) => s.text)].some((t) => t.includes(path)));
    let module = lower(sources, { bindings, files });
    for (;;) {
      const found = this.modules.follow(key, module.needs);
      const data = this.dataFiles.follow(key, module.dataNeeds);
      if (found === null && data.length === 0) break;
      sources = found ?? sources;
      files = [...files, ...data];
      module = lower(sources, { bindings, files });
    }
    return { module, sources, files };
  }
}

const titleOf = (uri: vscode.Uri): string => uri.path.slice(uri.path.lastIndexOf("/") + 1);

const whole = (text: string) => ({ text, parts: [{ start: 0, length: text.length }] });

function pythonCells(notebook: vscode.NotebookDocument): readonly vscode.TextDocument[] {
  return notebook
    .getCells()
    .flatMap((cell) => (cell.kind === vscode.NotebookCellKind.Code && isPython(cell.document) ? [cell.document] : []));
}

function notebookSubject(notebook: vscode.NotebookDocument): Subject | null {
  return pythonCells(notebook).length === 0 ? null : { kind: "notebook", uri: notebook.uri, notebook };
}

/** The key that readings of `text` go by: its own, or for a cell its notebook's. Reads nothing. */
export const keyOf = (text: vscode.TextDocument): string => (subjectOf(text)?.uri ?? text.uri).toString();

/** A document by itself, or for a cell its notebook; null if it is not Python. */
function subjectOf(text: vscode.TextDocument): Subject | null {
  if (text.uri.scheme === "vscode-notebook-cell") {
    const notebook = vscode.workspace.notebookDocuments.find((n) => n.getCells().some((cell) => cell.document === text));
    return notebook === undefined ? null : notebookSubject(notebook);
  }
  return isPython(text) ? { kind: "text", uri: text.uri, text } : null;
}

function defaultProblem(scope: vscode.Uri): ProblemHints {
  const block = setting("problem.blockSize", scope);
  return {
    batch: setting("problem.batch", scope),
    qHeads: setting("problem.heads", scope),
    qLen: setting("problem.length", scope),
    qkHeadDim: setting("problem.headDim", scope),
    blockSize: [block, block],
  };
}
