/**
 * Measurements on their way: from the store to a panel that shows their document, into a file and out of one. A document
 * goes by its path in the workspace there; what is imported for a file that is not in this workspace goes to the document
 * that the user picks. What was imported stays apart from what was measured here: no lens shows it.
 */
import * as vscode from "vscode";
import type { ToPanel } from "../webview/protocol.ts";
import type { History } from "./history.ts";
import type { Panels } from "./panels.ts";
import type { ResultStore } from "./results.ts";
import { type Exported, printResults, readResults } from "./resultsFile.ts";

interface ResultParts {
  readonly panels: Panels;
  readonly results: ResultStore;
  readonly history: History;
  readonly log: vscode.LogOutputChannel;
}

/** Tells a page all that is remembered of the document that it shows now. */
export async function tellHistory(
  history: History,
  results: ResultStore,
  document: string,
  page: { post(message: ToPanel): void },
): Promise<void> {
  await history.load();
  const remembered = history.of(document);
  // What was measured in another window is a lens's last result here too.
  results.adopt(document, remembered.results);
  page.post({ type: "history", document, ...remembered });
}

/** Writes the measurements of all documents to `target`; without one asks whose, and where to. */
export async function exportResults({ history, results, log }: ResultParts, target: vscode.Uri | null): Promise<void> {
  await history.load();
  const documents = [...new Set([...history.documents(), ...results.documents()])];
  const all = documents.map((document): Exported => {
    const { results: remembered, sweeps } = history.of(document);
    // What an earlier version measured is in the other store alone.
    const measured = remembered.length > 0 ? remembered : results.of(document);
    return { path: pathOf(document), results: measured, sweeps };
  });
  const filled = all.filter((entry) => entry.results.length > 0);
  if (filled.length === 0) {
    vscode.window.setStatusBarMessage("Flexlens: there are no results to export; run a benchmark first", 4000);
    return;
  }
  const chosen = target === null ? await pickEntries(filled) : filled;
  const uri = chosen === null ? null : (target ?? (await askWhere()));
  if (chosen === null || uri === null) return;
  try {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(printResults(chosen, Date.now())));
    vscode.window.setStatusBarMessage(`Flexlens: ${countOf(chosen)} exported`, 4000);
  } catch (error) {
    sayFault(`\`${uri.path}\` was not written (${messageOf(error)}). Choose another place.`, log);
  }
}

/** Which of several documents; null: the question was left. */
async function pickEntries(filled: readonly Exported[]): Promise<readonly Exported[] | null> {
  if (filled.length === 1) return filled;
  const items = filled.map((entry) => ({ label: entry.path, description: countOf([entry]), entries: [entry] as readonly Exported[] }));
  const everything = { label: "All files", description: countOf(filled), entries: filled };
  return (await vscode.window.showQuickPick([everything, ...items], { placeHolder: "Export the results of" }))?.entries ?? null;
}

async function askWhere(): Promise<vscode.Uri | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const place = folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, "flexlens-results.json") };
  return (await vscode.window.showSaveDialog({ filters: { JSON: ["json"] }, ...place })) ?? null;
}

/** Checks files and keeps what they hold; `files` null: asks which. */
export async function importResults({ history, panels, log }: ResultParts, files: readonly vscode.Uri[] | null): Promise<void> {
  const picked =
    files ?? (await vscode.window.showOpenDialog({ canSelectMany: true, filters: { JSON: ["json"] }, openLabel: "Import Results" })) ?? [];
  await history.load();
  for (const uri of picked) {
    const name = uri.path.slice(uri.path.lastIndexOf("/") + 1);
    let text: string;
    try {
      text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    } catch (error) {
      sayFault(`\`${name}\` was not read (${messageOf(error)}). Choose another file.`, log);
      continue;
    }
    const read = readResults(text, name);
    if (!read.ok) {
      sayFault(read.fault, log);
      continue;
    }
    const kept: Exported[] = [];
    for (const entry of read.documents) {
      const document = (await documentAt(entry.path)) ?? (await askFor(entry, history, panels));
      if (document === null) continue;
      history.put(document, entry.results);
      for (const sweep of entry.sweeps) history.putSweep({ ...sweep, document }, []);
      panels.tellAll({ type: "history", document, ...history.of(document) });
      kept.push(entry);
    }
    vscode.window.setStatusBarMessage(`Flexlens: ${countOf(kept)} imported from ${name}`, 4000);
  }
}

/** A document's path in the workspace, with `/`; the whole of its path where it is in none. */
const pathOf = (document: string): string => vscode.workspace.asRelativePath(vscode.Uri.parse(document)).replaceAll("\\", "/");

/** The file of the workspace that has this path; null: there is none. */
async function documentAt(path: string): Promise<string | null> {
  if (path.split("/").includes("..")) return null;
  const folders = vscode.workspace.workspaceFolders ?? [];
  // With several folders paths begin with the folder's name.
  const candidates = folders.flatMap((folder) => {
    const inside = path.startsWith(`${folder.name}/`) && folders.length > 1 ? [path.slice(folder.name.length + 1)] : [];
    return [...inside, path].map((rest) => vscode.Uri.joinPath(folder.uri, rest));
  });
  for (const uri of candidates) {
    try {
      await vscode.workspace.fs.stat(uri);
      return uri.toString();
    } catch {
      // Not there: the next.
    }
  }
  return null;
}

/** Asks where the measurements of a file go that this workspace has not. */
async function askFor(entry: Exported, history: History, panels: Panels): Promise<string | null> {
  const shown = panels.shown?.document;
  const documents = [...new Set([...(shown === undefined ? [] : [shown]), ...history.documents()])];
  if (documents.length === 0) {
    sayFault(`\`${entry.path}\` is not in this workspace. Open the file that its results belong to in the panel, then import again.`, null);
    return null;
  }
  const items = documents.map((document) => ({ label: pathOf(document), document }));
  const placeHolder = `\`${entry.path}\` is not in this workspace; show its ${countOf([entry])} with`;
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.document ?? null;
}

function countOf(entries: readonly Exported[]): string {
  const results = entries.reduce((sum, e) => sum + e.results.length, 0);
  const sweeps = entries.reduce((sum, e) => sum + e.sweeps.length, 0);
  const measurements = results === 1 ? "1 measurement" : `${results} measurements`;
  return sweeps === 0 ? measurements : `${measurements}, ${sweeps === 1 ? "1 sweep" : `${sweeps} sweeps`}`;
}

function sayFault(message: string, log: vscode.LogOutputChannel | null): void {
  log?.warn(message);
  void vscode.window.showErrorMessage(message);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
