/**
 * The former texts that the panel compares with: one at a time, read when the panel says that it compares, and again when
 * the file is saved, HEAD moves or the document imports other modules. Modules are taken as they were then, as far as
 * that is known: those that are in no repository are as they are now.
 */
import * as vscode from "vscode";
import type { Source } from "../kernels/frontend/module.ts";
import type { Past, PastText } from "../webview/protocol.ts";
import type { Documents } from "./documents.ts";
import type { GitHead } from "./gitHead.ts";
import { type Former, savedText } from "./savedText.ts";

export interface PastTexts extends vscode.Disposable {
  /** Reads this former text from now on, and none where `past` is null. */
  want(document: string, past: Past | null): void;
  readonly onDidRead: vscode.Event<PastText>;
}

export function createPastTexts(documents: Documents, git: GitHead, log: vscode.LogOutputChannel): PastTexts {
  const didRead = new vscode.EventEmitter<PastText>();
  let wanted: { readonly document: string; readonly past: Past } | null = null;
  /** What was told last, and for which sources. */
  let told = "";
  let files = "";

  const read = async (): Promise<void> => {
    const asked = wanted;
    if (asked === null) return;
    const reading = await documents.open(asked.document);
    if (reading === null) return;
    files = filesOf(reading.sources);
    const formers = await Promise.all(reading.sources.map(({ file }) => formerOf(vscode.Uri.parse(file, true), asked.past)));
    if (wanted !== asked) return;
    const text = pastText(asked.document, asked.past, reading.sources, formers);
    const key = JSON.stringify(text);
    if (key === told) return;
    told = key;
    didRead.fire(text);
  };
  const again = (): void => {
    read().catch((error: unknown) => log.error(error instanceof Error ? error : String(error)));
  };
  const formerOf = async (uri: vscode.Uri, past: Past): Promise<Former> => {
    if (past === "saved") return savedText(uri);
    try {
      return await git.textOf(uri);
    } catch (error) {
      log.warn(`git: ${error instanceof Error ? error.message : String(error)}`);
      return { fault: "Git does not answer; the log has more. Compare with the saved text instead." };
    }
  };

  const subscriptions = vscode.Disposable.from(
    didRead,
    vscode.workspace.onDidSaveTextDocument(again),
    vscode.workspace.onDidSaveNotebookDocument(again),
    git.onDidChange(again),
    documents.onDidRead(({ reading }) => {
      if (reading.document !== wanted?.document) return;
      // A text that is not dirty may have been changed where it is stored.
      const isStored = wanted.past === "saved" && reading.cells.every(({ text }) => !text.isDirty);
      if (isStored || filesOf(reading.sources) !== files) again();
    }),
  );
  return {
    want(document, past) {
      wanted = past === null ? null : { document, past };
      told = "";
      again();
    },
    onDidRead: didRead.event,
    dispose: () => subscriptions.dispose(),
  };
}

const filesOf = (sources: readonly Source[]): string => JSON.stringify(sources.map((s) => [s.file, s.imports]));

/** The message: `sources` with the former texts in their places. */
export function pastText(document: string, past: Past, sources: readonly Source[], formers: readonly Former[]): PastText {
  const [own] = formers;
  if (own === undefined || "fault" in own) return { type: "past", document, past, sources: null, fault: own?.fault ?? "There is no text." };
  const then = sources.map((source, i) => {
    const former = formers[i];
    return former !== undefined && "text" in former ? { ...source, text: former.text } : source;
  });
  return { type: "past", document, past, sources: then, fault: null };
}
