/**
 * The texts of imported modules: found through `workspace.fs` (so in virtual workspaces too), kept, and dropped when
 * the file changes. An open document's text counts over what is stored. Looking happens behind the reading that asked:
 * what turns up is announced, and the document is read again.
 */
import * as vscode from "vscode";
import type { Need, Source } from "../kernels/frontend/module.ts";
import { MAX_MODULE_BYTES, MAX_MODULES, moduleCandidates } from "./imports.ts";

interface Followed {
  /** Of the importing text, when the modules were followed. */
  readonly imports: string;
  readonly uris: readonly string[];
}

export class Modules implements vscode.Disposable {
  /** Text by URI; null: there is no such file. */
  private readonly texts = new Map<string, string | null>();
  private readonly looking = new Set<string>();
  /** Importing documents by the URIs that were looked at for them, found or not. */
  private readonly dependents = new Map<string, Set<string>>();
  private readonly followed = new Map<string, Followed>();
  private readonly revisions = new Map<string, number>();
  private readonly didChange = new vscode.EventEmitter<readonly string[]>();
  private readonly watcher = vscode.workspace.createFileSystemWatcher("**/*.py");
  /** With the keys of the documents to be read again. */
  readonly onDidChange = this.didChange.event;

  constructor(private readonly log: vscode.LogOutputChannel) {
    for (const event of [this.watcher.onDidChange, this.watcher.onDidCreate, this.watcher.onDidDelete]) event((uri) => this.changed(uri));
  }

  dispose(): void {
    this.watcher.dispose();
    this.didChange.dispose();
  }

  /** Grows when a module that `document` imports was found or changed. */
  revision(document: string): number {
    return this.revisions.get(document) ?? 0;
  }

  /** The modules followed for `document` before, where it still has the same import lines. */
  known(document: string, imports: string): readonly Source[] {
    const before = this.followed.get(document);
    const uris = before?.imports === imports ? before.uris : [];
    this.followed.set(document, { imports, uris });
    return uris.flatMap((uri) => this.source(uri));
  }

  /** Sources that `needs` asks for, as far as they are at hand and not among `have`; the others are looked for. */
  follow(document: string, uri: vscode.Uri, needs: readonly Need[], have: readonly Source[]): readonly Source[] {
    const got = new Set([document, ...have.map((source) => source.file)]);
    const found: Source[] = [];
    for (const need of needs) {
      if (got.size > MAX_MODULES) break;
      const candidates = candidatesOf(need, document, uri);
      for (const key of candidates) this.depend(document, key);
      if (candidates.some((key) => !this.isKnown(key))) {
        void this.look(document, candidates);
        continue;
      }
      const key = candidates.find((candidate) => this.source(candidate).length > 0);
      if (key === undefined || got.has(key)) continue;
      got.add(key);
      found.push(...this.source(key));
    }
    if (found.length > 0) {
      const before = this.followed.get(document);
      this.followed.set(document, {
        imports: before?.imports ?? "",
        uris: [...(before?.uris ?? []), ...found.map((source) => source.file)],
      });
    }
    return found;
  }

  /** A file or an open document has another text: whoever imports it is read again. */
  changed(uri: vscode.Uri): void {
    const key = uri.toString();
    const documents = this.dependents.get(key);
    if (documents === undefined) return;
    this.texts.delete(key);
    void this.fetch(key).then(() => this.announce(documents));
  }

  /** `document` was closed. */
  forget(document: string): void {
    this.followed.delete(document);
    this.revisions.delete(document);
    for (const [key, documents] of this.dependents) {
      documents.delete(document);
      if (documents.size > 0) continue;
      this.dependents.delete(key);
      this.texts.delete(key);
    }
  }

  private announce(documents: Iterable<string>): void {
    const keys = [...documents];
    for (const key of keys) this.revisions.set(key, this.revision(key) + 1);
    if (keys.length > 0) this.didChange.fire(keys);
  }

  private depend(document: string, key: string): void {
    const documents = this.dependents.get(key) ?? new Set<string>();
    documents.add(document);
    this.dependents.set(key, documents);
  }

  private isKnown(key: string): boolean {
    return this.texts.has(key) || openText(key) !== null;
  }

  private source(key: string): readonly Source[] {
    const text = openText(key) ?? this.texts.get(key) ?? null;
    return text === null ? [] : [{ file: key, text }];
  }

  private async look(document: string, candidates: readonly string[]): Promise<void> {
    const name = `${document}\n${candidates.join("\n")}`;
    if (this.looking.has(name)) return;
    this.looking.add(name);
    await Promise.all(candidates.map((key) => (this.isKnown(key) ? undefined : this.fetch(key))));
    this.looking.delete(name);
    // Where none of them exists nothing was learnt, and the reading stands.
    if (candidates.some((key) => this.source(key).length > 0)) this.announce([document]);
  }

  private async fetch(key: string): Promise<void> {
    const uri = vscode.Uri.parse(key, true);
    try {
      const { size, type } = await vscode.workspace.fs.stat(uri);
      if ((type & vscode.FileType.File) === 0 || size > MAX_MODULE_BYTES) {
        if (size > MAX_MODULE_BYTES) this.log.info(`${key} is not read: it has ${size} bytes, and ${MAX_MODULE_BYTES} are the limit`);
        this.texts.set(key, null);
        return;
      }
      this.texts.set(key, new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
    } catch {
      this.texts.set(key, null);
    }
  }
}

/** Text of the open document `key`; null if it is not open. */
function openText(key: string): string | null {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === key)?.getText() ?? null;
}

/** URIs where the module may be: beside the document, in the file system that it comes from. */
function candidatesOf(need: Need, document: string, uri: vscode.Uri): readonly string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const importer = need.span.file === document ? uri : vscode.Uri.parse(need.span.file, true);
  // An untitled document has a name and no place.
  const placed = importer.scheme !== "untitled";
  const home = placed ? importer : folders[0]?.uri;
  if (home === undefined) return [];
  const roots = folders.flatMap(({ uri: root }) => (root.scheme === home.scheme && root.authority === home.authority ? [root.path] : []));
  return moduleCandidates(need, placed ? importer.path : null, roots).map((path) =>
    home.with({ path, query: "", fragment: "" }).toString(),
  );
}
