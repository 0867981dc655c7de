/**
 * Measurements are kept through the file systems of whatever host runs this: each window's file is written, replaced and
 * read by another, and goes with a document that is renamed.
 */
import * as vscode from "vscode";
import type { FlexlensApi } from "../../../extension/extension.ts";
import { createHistory, type Folder } from "../../../extension/history.ts";
import { resultOf } from "../../unit/extension/samples.ts";

function same(what: string, got: unknown, want: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
}

suite("History", () => {
  let api: FlexlensApi;
  const document = "file:///history/masks.py";

  suiteSetup(async () => {
    const extension = vscode.extensions.getExtension<FlexlensApi>("flexlens.flexlens");
    if (extension === undefined) throw new Error("the extension is not installed");
    api = await extension.activate();
    await api.history.load();
  });

  teardown(async () => {
    api.history.clear(document);
    await api.history.written();
  });

  /** What another window would read. */
  const elsewhere = (folder: Folder) => createHistory({ folder, now: Date.now, file: "another", warn: (text) => fail(text) });
  const fail = (text: string): never => {
    throw new Error(text);
  };

  test("what is measured here is read in another window, also what replaces the file", async () => {
    for (const measuredAt of [1, 2]) {
      api.history.put(document, [resultOf({ measuredAt })]);
      await api.history.written();
    }
    const other = elsewhere(api.historyFolder);
    await other.load();
    same("measurements", other.of(document).results, [resultOf({ measuredAt: 1 }), resultOf({ measuredAt: 2 })]);
    const names = (await api.historyFolder.list()).map(({ name }) => name);
    same(
      "files half written",
      names.filter((name) => name.endsWith(".new")),
      [],
    );
  });

  test("results go into a file and come back, marked with it", async () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    if (folder === undefined) throw new Error("no folder is open");
    const masks = vscode.Uri.joinPath(folder, "exported.py");
    const file = vscode.Uri.joinPath(folder, "exported.json");
    await vscode.workspace.fs.writeFile(masks, new Uint8Array());
    api.history.clear();
    api.results.clear();
    api.history.put(masks.toString(), [resultOf({ measuredAt: 3 })]);
    await vscode.commands.executeCommand("flexlens.exportResults", file);
    api.history.clear();
    await vscode.commands.executeCommand("flexlens.importResults", file);
    same("imported", api.history.of(masks.toString()).results, [resultOf({ measuredAt: 3, importedFrom: "exported.json" })]);
    same("lenses have", api.results.of(masks.toString()), []);
    for (const uri of [masks, file]) await vscode.workspace.fs.delete(uri);
    api.history.clear();
  });
});
